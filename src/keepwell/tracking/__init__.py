"""What was done, with what, and what came of it: runs, the registry of models, and their bundles.

Import from the modules (`tracking.runs`, `tracking.registry`, `tracking.bundles`): each costs only what
it needs, and an inference worker needs no more than `bundles`.
"""
