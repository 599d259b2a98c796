"""A follower of a stream of lines; dies as so many of its answers are written but not noted."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from batch_victim import scorer_in

from keepwell.deployment.streams import attach, attaching, lines, open_stream


def main(folder: Path, source: str, output: str, answers: int) -> None:
    """Answer ten events at a time; be killed after so many answers, or never if that is 0."""
    attaching.AT_ONCE = 10
    note, written = vars(lines)["write_atomic"], 0

    def deadly(path: Path, data: bytes, **options: Any) -> None:
        nonlocal written
        written += 10
        if answers and written > answers:  # the first note is made before the first answer
            os.kill(os.getpid(), signal.SIGKILL)
        note(path, data, **options)

    vars(lines)["write_atomic"] = deadly
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    scorer = scorer_in(folder)
    done = attach(lambda: (scorer, 3), open_stream(source, output), stop=stop)
    sys.stderr.write(f"{done.events} {done.refused}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
