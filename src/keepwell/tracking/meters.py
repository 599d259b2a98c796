"""The port for what runs take from the machine, and the meter that measures nothing."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from keepwell.core.ports import Point
from keepwell.core.records import Resources


class Meter(Protocol):
    """Measures what runs of this process take.

    Law: never raises, and never makes a run wait for a store; a run that was not started here is not
    measured here.
    """

    def start(self, run: str, tell: Callable[[Mapping[str, float]], None]) -> None:
        """Begin to measure; `tell` keeps what was taken so far, by name."""
        ...

    def stop(self, run: str) -> Resources | None:
        """Return what the run took; None if it is not measured here."""
        ...


class NoMeter:
    """Measures nothing."""

    def start(self, run: str, tell: Callable[[Mapping[str, float]], None]) -> None:
        """Do nothing."""

    def stop(self, run: str) -> Resources | None:
        """Return nothing."""


def recalled(lines: Mapping[str, list[Point]]) -> Resources | None:
    """Return what a run that was killed took until it was looked at last; None if it never was."""
    last = {name: points[-1].value for name, points in lines.items() if points}
    if "cpu_seconds" not in last:
        return None
    return Resources(
        seconds=last.get("seconds", 0.0),
        cpu_seconds=last["cpu_seconds"],
        memory_peak=int(last.get("memory_peak", 0)),
        memory_gb_seconds=last.get("memory_gb_seconds", 0.0),
        read_bytes=int(last.get("read_bytes", 0)),
        written_bytes=int(last.get("written_bytes", 0)),
        gpu_seconds=last.get("gpu_seconds", 0.0),
        starved=last.get("starved", 0.0),
    )


if TYPE_CHECKING:
    _: type[Meter] = NoMeter
