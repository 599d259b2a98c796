"""An export is started by itself, in a process of its own, before it is handed over."""

import contextlib
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepwell.core.errors import KeepwellError
from keepwell.deployment.scoring import Scores
from keepwell.deployment.scoring.proof import TOLERANCE

_PATIENCE = 120  # seconds
_RUN = """
import json, sys
def memory():
    try:  # what the system keeps for `getrusage` begins with what the parent took
        lines = open("/proc/self/status").read().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except OSError:
        import resource
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most
opened = []
sys.addaudithook(
    lambda event, words: opened.append(str(words[0])) if event == "ctypes.dlopen" and words[0] else 0
)
sys.path.insert(0, sys.argv[1])
sys.modules["keepwell"] = None  # it must do without the one that is installed here
from importlib import import_module
from pathlib import Path
model = import_module(sys.argv[2]).open_model(Path(sys.argv[3]))
rows = json.load(sys.stdin)
model.answer(rows[:1])
print("up", flush=True)
scores = model.scores(rows)
ends = {
    "predictions": scores.predictions,
    "probabilities": None if scores.probabilities is None else scores.probabilities.tolist(),
    "modules": {name: getattr(item, "__file__", None) for name, item in sys.modules.items()},
    "libraries": opened,
    "memory": memory(),
}
print(json.dumps(ends))
"""


class ExportDiffersError(KeepwellError):
    """What was exported does not answer as the version does."""

    headline = "The export is not the same model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How it went.

    Attributes:
        rows: How many rows were answered.
        largest_difference: Between its answers and the version's own.
        cold_start_ms: From the start of the process to its first answer.
        memory_mb: The most that it took.
        modules: Files of the modules that it imported, by name.
        libraries: Files of the native libraries that it opened by itself.
    """

    rows: int
    largest_difference: float
    cold_start_ms: float
    memory_mb: float
    modules: dict[str, str]
    libraries: tuple[str, ...]


def try_out(
    folder: Path, package: str, model: Path, rows: Sequence[Mapping[str, Any]], expected: Scores
) -> Trial:
    """Start an export, let it answer rows, and return how it went.

    Args:
        folder: What its code lies in.
        package: The package there that opens a model.
        model: The folder with the model's files.
        rows: Instances, as they come from JSON.
        expected: What the version answers to them.

    Raises:
        ExportDiffersError: If it does not start, or answers otherwise.
    """
    command = [sys.executable, "-I", "-B", "-c", _RUN, str(folder), package, str(model)]
    start = time.perf_counter()
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints
        ) as process,
    ):
        limit = threading.Timer(_PATIENCE, process.kill)
        limit.start()
        try:
            first, milliseconds, rest = _converse(process, json.dumps(rows).encode(), start)
        finally:
            limit.cancel()
        complaints.seek(0)
        complaint = complaints.read().decode(errors="replace")
    if first.strip() != b"up" or not rest:
        lines = complaint.strip().splitlines()
        raise ExportDiffersError(
            "the export does not run by itself",
            why="; ".join(lines[-3:])[-500:]
            if lines
            else f"it ended with {process.returncode}, without a word",
            now="this is a mistake in Keepwell, or in a plugin; please report it",
        )
    ended = json.loads(rest)
    return Trial(
        rows=len(rows),
        largest_difference=_difference(ended, expected),
        cold_start_ms=round(milliseconds, 1),
        memory_mb=round(ended["memory"] / 1e6, 1),
        modules={name: path for name, path in ended["modules"].items() if path},
        libraries=tuple(ended["libraries"]),
    )


def _converse(
    process: "subprocess.Popen[bytes]", question: bytes, start: float
) -> tuple[bytes, float, bytes]:
    """Ask, and return the first line, after how many milliseconds it came, and the rest."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    with contextlib.suppress(BrokenPipeError):  # it has ended already, and told why elsewhere
        process.stdin.write(question)
        process.stdin.close()
    first = process.stdout.readline()
    milliseconds = (time.perf_counter() - start) * 1000
    return first, milliseconds, process.stdout.read()


def _difference(ended: Mapping[str, Any], expected: Scores) -> float:
    """Return the largest difference; refuses one that is more than rounding."""
    ours, theirs = ended["predictions"], expected.predictions
    if expected.probabilities is not None:
        same = ours == theirs
        ours = [value for row in ended["probabilities"] for value in row]
        theirs = expected.probabilities.ravel().tolist()
    else:
        same = True
    apart = [
        0.0 if a == b or (math.isnan(a) and math.isnan(b)) else abs(a - b) / max(1.0, abs(b))
        for a, b in zip(ours, theirs, strict=True)
    ]
    largest = max(apart, default=0.0)
    if not same or not largest <= TOLERANCE:
        raise ExportDiffersError(
            "the export does not answer as the version does",
            why=f"on {len(expected.predictions)} rows it differs by up to {largest:.3g}",
            now="this is a mistake in Keepwell, or in a plugin; please report it",
        )
    return largest
