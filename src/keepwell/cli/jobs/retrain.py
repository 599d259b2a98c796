"""`python -m keepwell.cli.jobs.retrain FOLDER KEY`: carries out one recorded retraining."""

import sys
from pathlib import Path

import pyarrow as pa

from keepwell.core.progress import Progress


class Lines:
    """Progress as lines of a log."""

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Print what goes on."""
        print(message if fraction is None else f"{message} ({fraction:.0%})", flush=True)


def main(folder: str, key: str, progress: Progress | None = None) -> int:
    """Carry out the retraining `key` of the project in `folder`; 0 if it left a candidate."""
    from keepwell.operations.build.retraining_job import work
    from keepwell.workspace import Workspace

    with Workspace.open(Path(folder)) as workspace:
        endpoint = workspace.spec.endpoint

        def labelled() -> "pa.Table":
            return workspace.predictions.labelled(endpoint)

        done = work(workspace.bench, workspace.home, key, labelled, progress or Lines())
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
