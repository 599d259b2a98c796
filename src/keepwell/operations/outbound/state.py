"""How far each receiver was told, and how that goes: a small file each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.spec import ExportSpec
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.infrastructure.files import write_atomic


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportState:
    """How it goes with one receiver.

    Attributes:
        seq: Events up to this one were taken.
        until: Requests up to this time were taken.
        sent: When it last took something; None if it never did.
        failing: Since when it does not; None while it does.
        error: Why not.
        receiver: Who it is, in words.
    """

    seq: int = 0
    until: float = 0.0
    sent: float | None = None
    failing: float | None = None
    error: str = ""
    receiver: str = ""


def named(spec: ExportSpec) -> str:
    """Return a receiver in words."""
    form = f" ({spec.format})" if spec.to == "json" else ""
    return f"{spec.to} {spec.url or spec.address or spec.path}{form}"


def read_state(home: Path, place: int, spec: ExportSpec) -> ExportState | None:
    """Return how it goes with the receiver at a place of the list; None if it was never told anything."""
    try:
        state = from_json(ExportState, _path(home, place).read_bytes())
    except FileNotFoundError:
        return None
    return state if state.receiver == named(spec) else None


def write_state(home: Path, place: int, state: ExportState) -> None:
    """Keep how it goes."""
    path = _path(home, place)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, to_json(state))


def read_states(home: Path, receivers: Sequence[ExportSpec]) -> list[ExportState]:
    """Return how it goes with every receiver of the project file, in its order."""
    return [
        read_state(home, place, spec) or ExportState(receiver=named(spec))
        for place, spec in enumerate(receivers)
    ]


def _path(home: Path, place: int) -> Path:
    return home / "run" / "exports" / f"{place}.json"
