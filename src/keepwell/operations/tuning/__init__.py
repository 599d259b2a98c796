"""Which settings of the data plane answer best here: tried under load in one of its own, never the live one.

found = tune(workspace_parts, progress=progress)
found.chosen.settings, found.trials      # what to write into keepwell.yaml, and the evidence
"""

from keepwell.operations.tuning.choice import Tuned
from keepwell.operations.tuning.trial import Settings, Trial
from keepwell.operations.tuning.tuner import Asked, tune

__all__ = ["Asked", "Settings", "Trial", "Tuned", "tune"]
