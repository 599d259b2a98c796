"""A batch run that dies on the way: killed like a machine would, after so many parts."""

import os
import signal
import sys
from pathlib import Path

from keepwell.core.records import Signature
from keepwell.deployment.batch import Options, predict_file, predicting
from keepwell.deployment.batch.answers import Tally
from keepwell.deployment.batch.work import Work
from keepwell.deployment.scoring import Scorer, load_scorer
from keepwell.infrastructure.codec import from_json

ROWS = 64


def scorer_in(folder: Path) -> Scorer:
    """Return the scorer whose files lie in a folder."""

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    return load_scorer(read, from_json(Signature, read("signature")))


def main(folder: Path, source: str, output: str, parts: int) -> None:
    """Score, and be gone while part number `parts` is about to get its name."""
    predicting.ROWS_AT_ONCE = ROWS
    commit = Work.commit

    def deadly(self: Work, number: int, counted: Tally) -> None:
        if number == parts:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, number, counted)

    Work.commit = deadly  # type: ignore[method-assign]
    options = Options(root=folder, works=folder / "works")
    predict_file(scorer_in(folder), source, output, options=options)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
