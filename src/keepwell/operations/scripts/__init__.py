"""Training scripts of the user's own, run with a record: resumed where they were stopped."""

from keepwell.operations.scripts.running import ScriptResult, run_script

__all__ = ["ScriptResult", "run_script"]
