"""Has anything changed since the last run? Answered with the standard library alone.

A run that finished leaves `.keepwell/run/last.json`: the digests of the files that were read whole, the
fingerprint (path, size, time) of the data, and the result. If all still match, that result is the
answer, and nothing heavier than `json` was loaded.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keepwell import __version__
from keepwell.core.errors import KeepwellError
from keepwell.data.fingerprint import fingerprint

STATE = Path(".keepwell/run/last.json")
PROJECT_FILE = "keepwell.yaml"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content; empty if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def inputs(root: Path, source: str, contract: str, code: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the result of a run depends on, as far as files can tell; `code` are the user's files."""
    return {
        "keepwell": __version__,
        "project": file_digest(root / PROJECT_FILE),
        "source": source,
        "data": fingerprint(source, root),
        "contract": contract,
        "contract_digest": file_digest(root / contract),
        "code": {name: file_digest(root / name) for name in code},
    }


def unchanged(root: Path) -> dict[str, Any] | None:
    """Return the last result with every step `cached`, or None if a look at the plan is needed."""
    try:
        state = json.loads((root / STATE).read_bytes())
        before = state["inputs"]
        now = inputs(root, before["source"], before["contract"], list(before["code"]))
    except (OSError, ValueError, KeyError, TypeError, KeepwellError):
        return None
    if now != state["inputs"]:
        return None
    result: dict[str, Any] = state["result"]
    for step in result["steps"]:
        step.update(status="cached", seconds=0.0, reason="nothing changed")
    return result


def forget(root: Path) -> None:
    """Make the next run look at the plan: called whenever a version changes its place."""
    (root / STATE).unlink(missing_ok=True)
