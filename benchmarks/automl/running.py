"""A child process, with the memory that it and all that it starts take."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.automl import tables

_LOOK_EVERY = 0.25
_PATIENCE = 900.0  # seconds beyond three budgets
_ROOT = Path(__file__).resolve().parents[2]


def apart(engine: str, table: str, budget: float, python: str = sys.executable) -> dict[str, Any]:
    """Return what became of an engine on a table; under `error` why there is nothing."""
    with tempfile.TemporaryDirectory(prefix="automl-") as place:
        folder = Path(place)
        tables.write(tables.table(table), folder)
        words = [python, "-m", "benchmarks.automl.child", engine, str(folder), str(budget)]
        with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
            process = subprocess.Popen(
                words, cwd=_ROOT, stdout=out, stderr=err, start_new_session=True
            )
            peak = _watched(process, time.monotonic() + 3 * budget + _PATIENCE)
        # Some libraries say goodbye on the way out, after the result.
        said = (folder / "out").read_text().splitlines()
        lines = [line for line in said if line.startswith("{")]
        if process.returncode == 0 and lines:
            found: dict[str, Any] = json.loads(lines[-1])
            return {**found, "peak_mb": round(peak / 1e6)}
        return {"error": (folder / "err").read_text()[-400:] or f"code {process.returncode}"}


def _watched(process: "subprocess.Popen[bytes]", end: float) -> int:
    """Wait for a process; return the most bytes that its family held together."""
    peak = 0
    root = psutil.Process(process.pid)
    try:
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(psutil.Error):
                peak = max(peak, _held(root))
            time.sleep(_LOOK_EVERY)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # H2O's Java lives on without it
        process.wait()
    return peak


def _held(root: psutil.Process) -> int:
    held = 0
    for each in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            held += each.memory_info().rss
    return held
