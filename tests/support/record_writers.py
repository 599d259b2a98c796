"""Many processes that write one record: `python record_writers.py URL FOLDER PROCESSES SECONDS`.

Each process notes in a file of its own what the store has confirmed, so that a test can hold the record
against it, however the process ended.
"""

import os
import sys
import time
from pathlib import Path

from keepwell.core.errors import ConflictError, KeepwellError
from keepwell.core.events import Change
from keepwell.core.ports import Point
from keepwell.core.references import Ref
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore

SHARED = Ref("counter", "shared")


def main(url: str, folder: Path, processes: int, seconds: float) -> None:
    """Write until the time is over, in as many processes as asked for."""
    end = time.monotonic() + seconds
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            _live(url, folder, number, end)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def _live(url: str, folder: Path, number: int, end: float) -> None:
    notes = os.open(folder / f"{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    status = 1
    try:
        store = open_metadata(url)
        mine = 0
        while mine == 0 or time.monotonic() < end:
            mine += 1
            own = Change(ref=Ref("counter", f"own/{number}"), verb="counted", data={"n": mine})
            store.commit([own])
            os.write(notes, b"own\n")
            if _count_up(store):
                os.write(notes, b"shared\n")
            store.measurements.append("stress", [Point(f"p{number}", time.time(), float(mine))])
            os.write(notes, b"point\n")
            if mine % 50 == 0:  # opening and closing competes for SQLite's locks as well
                store.close()
                store = open_metadata(url)
        store.close()
        status = 0
    except KeepwellError as error:
        os.write(notes, f"error {type(error).__name__} {error.what} {error.why}\n".encode())
    finally:
        os._exit(status)


def _count_up(store: SqlMetadataStore) -> bool:
    state = store.read(SHARED)
    count = state.data["n"] if state else 0
    try:
        change = Change(
            ref=SHARED, verb="counted", data={"n": count + 1}, expected=state.seq if state else 0
        )
        store.commit([change])
    except ConflictError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
