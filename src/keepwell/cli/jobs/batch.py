"""`python -m keepwell.cli.jobs.batch FOLDER NAME DUE`: carries out a batch job that is due."""

import sys
from pathlib import Path

from keepwell.cli.jobs.retrain import Lines


def main(folder: str, name: str, due: str) -> int:
    """Carry out a job of the project in `folder`; 0 if it is done. What went wrong is in its run."""
    from keepwell.core.errors import KeepwellError
    from keepwell.core.events import acting_as
    from keepwell.operations.batch.jobs import execute, job_called, lease_of
    from keepwell.operations.leadership.errands import entrusted
    from keepwell.operations.leadership.place import Place
    from keepwell.workspace import Workspace

    with Workspace.open(Path(folder)) as workspace, acting_as("schedule"):
        try:
            job = job_called(workspace.spec.batch, name)
            tables = workspace.tables
            here, leases = Place.here(workspace.home), workspace.metadata.leases
            execute(
                workspace.bench,
                tables,
                job,
                due=float(due),
                progress=Lines(),
                entrusted=lambda: entrusted(leases, here, lease_of(name)),
            )
        except KeepwellError as error:
            print(error, flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3]))
