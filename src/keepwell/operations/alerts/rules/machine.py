"""The machine that serves: workers that do not come back, a disk that fills."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.records import Hit
from keepwell.operations.alerts.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Built in: fewer workers answer than are wanted."""

    name: str = "workers"

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit while some are missing."""
        machine = reading.machine
        if machine is None or machine.answering >= machine.wanted:
            return
        none = machine.answering == 0
        yield Hit(
            rule=self.name,
            subject="workers",
            message=f"{machine.answering} of {machine.wanted} workers answer",
            severity="critical" if none else "warning",
            value=float(machine.answering),
            limit=float(machine.wanted),
            since=reading.now,
            act="incident",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Built in: the disk of the workspace is nearly full; a full one loses predictions."""

    name: str = "disk"
    warning: float = 0.10
    critical: float = 0.03
    enough: float = 20e9  # bytes: of a large disk a small share may be plenty

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit while too little is free."""
        machine = reading.machine
        if (
            machine is None
            or machine.disk_free >= self.warning
            or machine.disk_bytes >= self.enough
        ):
            return
        yield Hit(
            rule=self.name,
            subject="disk",
            message=f"{machine.disk_free:.1%} of the workspace's disk is free"
            f" ({machine.disk_bytes / 1e9:.1f} GB)",
            severity="critical" if machine.disk_free < self.critical else "warning",
            value=machine.disk_free,
            limit=self.warning,
            since=reading.now,
            act="incident",
        )
