"""What earlier runs of a project left for the next one."""

from keepwell.operations.build.earlier.files import TrialFiles, trial_files
from keepwell.operations.build.earlier.winners import winners

__all__ = ["TrialFiles", "trial_files", "winners"]
