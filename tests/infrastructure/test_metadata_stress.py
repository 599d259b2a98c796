"""Many processes, some of them killed, and one record that loses nothing.

`KEEPWELL_STRESS_SECONDS=60` runs the long form.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import record_writers

from keepwell.governance import verify
from keepwell.infrastructure.metadata import open_metadata

SECONDS = float(os.environ.get("KEEPWELL_STRESS_SECONDS", "3"))


def _start(url: str, folder: Path, processes: int, seconds: float) -> subprocess.Popen[bytes]:
    folder.mkdir()
    words = [url, str(folder), str(processes), str(seconds)]
    return subprocess.Popen(
        [sys.executable, record_writers.__file__, *words], start_new_session=True
    )


def _notes(folder: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    lines = {path.name: path.read_text().splitlines() for path in folder.iterdir()}
    errors = [line for found in lines.values() for line in found if line.startswith("error")]
    return {name: Counter(found) for name, found in lines.items()}, errors


def test_sixty_four_processes_lose_no_write(record_url: str, tmp_path: Path) -> None:
    processes = 64 if record_url.startswith("sqlite") else 24  # PostgreSQL allows 100 connections
    open_metadata(record_url).close()
    assert _start(record_url, tmp_path / "notes", processes, SECONDS).wait() == 0
    notes, errors = _notes(tmp_path / "notes")
    assert errors == []
    assert len(notes) == processes
    store = open_metadata(record_url)
    owns = {state.ref.name: state.data["n"] for state in store.find("counter", under="own/")}
    assert owns == {f"own/{name}": count["own"] for name, count in notes.items()}
    shared = store.read(record_writers.SHARED)
    confirmed = sum(count["shared"] for count in notes.values())
    assert shared is not None
    assert shared.data["n"] == confirmed
    assert len(store.events()) == confirmed + sum(owns.values())
    points = store.measurements.series("stress", limit=1_000_000)
    assert {name: len(line) for name, line in points.items()} == {
        f"p{name}": count["point"] for name, count in notes.items()
    }
    assert verify(store).intact
    store.close()


def test_killed_processes_leave_nothing_half_written(record_url: str, tmp_path: Path) -> None:
    open_metadata(record_url).close()
    chance = random.Random(0)
    total: Counter[str] = Counter()
    for attempt in range(4):
        writers = _start(record_url, tmp_path / f"notes{attempt}", 6, 60.0)
        while not any(path.stat().st_size for path in (tmp_path / f"notes{attempt}").iterdir()):
            time.sleep(0.01)
        time.sleep(chance.uniform(0.1, 0.4))
        os.killpg(writers.pid, signal.SIGKILL)
        writers.wait()
        notes, errors = _notes(tmp_path / f"notes{attempt}")
        assert errors == []
        for count in notes.values():
            total.update(count)
        store = open_metadata(record_url)
        report = verify(store)
        assert report.intact
        assert report.events >= total["own"] + total["shared"]  # confirmed, or not yet told
        assert report.events <= total["own"] + total["shared"] + 6 * (attempt + 1)
        shared = store.read(record_writers.SHARED)
        assert shared is None or shared.data["n"] >= total["shared"]
        store.close()
    assert total["own"] > 0
