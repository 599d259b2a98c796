"""What became of a model in the world: its predictions, their outcomes, and what is outside its limits.

Import from the modules: `prediction_log`, `feedback`, `monitor`, `series`.
"""
