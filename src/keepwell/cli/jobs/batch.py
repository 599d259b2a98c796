"""`python -m keepwell.cli.jobs.batch FOLDER NAME DUE`: carries out a batch job that is due."""

import sys
from pathlib import Path

from keepwell.cli.jobs.retrain import Lines


def main(folder: str, name: str, due: str) -> int:
    """Carry out a job of the project in `folder`; 0 if it is done. What went wrong is in its run."""
    from keepwell.core.errors import KeepwellError
    from keepwell.core.events import acting_as
    from keepwell.operations.batch.jobs import execute, job_called
    from keepwell.workspace import Workspace

    with Workspace.open(Path(folder)) as workspace, acting_as("schedule"):
        try:
            job = job_called(workspace.spec.batch, name)
            tables = workspace.tables
            execute(workspace.bench, tables, job, due=float(due), progress=Lines())
        except KeepwellError as error:
            print(error, flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3]))
