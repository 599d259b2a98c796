"""The memory of steps: which key a step last ran with, and what came of it."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.events import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """The last finished execution of one step of one project.

    Attributes:
        project: The project.
        step: Its name.
        key: Hash over its configuration and the versions of its inputs.
        inputs: The same, readable: what the reason for a rerun is worded from.
        output: Reference to what it made: `churn/3`, a run id, a blob's digest.
        seconds: What it took.
    """

    project: str
    step: str
    key: str
    inputs: dict[str, Any] = field(default_factory=dict)
    output: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Name of its reference."""
        return f"{self.project}/{self.step}"


def key_of(inputs: dict[str, Any]) -> str:
    """Return the key of a step that depends on `inputs`."""
    return hashlib.sha256(canonical(inputs).encode()).hexdigest()


def why_stale(last: StepRecord | None, inputs: dict[str, Any]) -> str:
    """Return why a step has to run again, in words; empty if its inputs are the same.

    >>> why_stale(None, {"budget": 60.0})
    'it has not run yet'
    >>> last = StepRecord(project="p", step="train", key="", inputs={"budget": 60.0})
    >>> why_stale(last, {"budget": 30.0})
    'budget changed: 60.0 → 30.0'
    """
    if last is None:
        return "it has not run yet"
    changed = [
        name
        for name in sorted({*last.inputs, *inputs})
        if last.inputs.get(name) != inputs.get(name)
    ]
    if not changed:
        return ""
    return "; ".join(_change(name, last.inputs.get(name), inputs.get(name)) for name in changed)


def _change(name: str, old: Any, new: Any) -> str:
    if name == "data":
        return _files_change(old or {}, new or {})
    simple = (str, int, float, bool, type(None))
    if isinstance(old, simple) and isinstance(new, simple) and len(f"{old}{new}") < 60:  # noqa: PLR2004
        return f"{name} changed: {old} → {new}"
    return f"{name} changed"


def _files_change(old: dict[str, list[int]], new: dict[str, list[int]]) -> str:
    added, gone = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
    if added or gone:
        parts = [f"{len(added)} file(s) came"] if added else []
        parts += [f"{len(gone)} file(s) went"] if gone else []
        return f"the data changed: {', '.join(parts)} ({(added or gone)[0]})"
    names = [name for name in new if new[name] != old[name]]
    sizes = [(old[name][0], new[name][0]) for name in names]
    before, after = (sum(size[side] for size in sizes) for side in (0, 1))
    what = "the file changed" if len(names) == 1 else f"{len(names)} files changed"
    if before == after:
        return f"{what}: written again, {after:,} bytes as before"
    return f"{what}: {before:,} → {after:,} bytes"
