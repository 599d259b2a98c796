"""`python -m keepwell.cli.jobs.retrain FOLDER KEY`: carries out one recorded retraining."""

import contextlib
import os
import sys
from contextlib import AbstractContextManager
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
    from keepwell.operations.build.retraining_record import lease_of
    from keepwell.operations.leadership.errands import entrusted
    from keepwell.operations.leadership.place import Place
    from keepwell.workspace import Workspace

    with Workspace.open(Path(folder)) as workspace:
        endpoint = workspace.spec.endpoint

        def labelled() -> "pa.Table":
            return workspace.predictions.labelled(endpoint)

        def alone() -> AbstractContextManager[None]:
            leases, here = workspace.metadata.leases, Place.here(workspace.home)
            return entrusted(leases, here, lease_of(key))

        done = work(workspace.bench, workspace.home, key, labelled, progress or Lines(), alone)
    return 0 if done else 1


def give_way() -> None:
    """Let whoever answers go first: for the processor, and when memory runs out.

    The kernel ends what takes most; a training takes more than a worker, and must be the one to end.
    """
    with contextlib.suppress(OSError):
        os.nice(5)
    with contextlib.suppress(OSError):  # only Linux has it, and some containers forbid it
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    give_way()
    sys.exit(main(sys.argv[1], sys.argv[2]))
