"""Incidents that are open: the loop has grouped their signals already."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.records import Hit, Incident
from keepwell.operations.alerts.reading import Reading
from keepwell.operations.alerts.rules.signals import GRAVE

_GRAVE_KINDS = frozenset({"errors", "latency", "performance"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """Built in: one hit for each open incident; those of alerts themselves are not told twice."""

    name: str = "incident"

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit for each."""
        for incident in reading.incidents:
            if incident.endpoint:
                yield Hit(
                    rule=self.name,
                    subject=f"incident:{incident.id}",
                    message=incident.title,
                    severity=severity_of(incident),
                    endpoint=incident.endpoint,
                    since=incident.detected or incident.opened,
                    incident=incident.id,
                )


def severity_of(incident: Incident) -> str:
    """Return how grave an incident is, by its gravest signal."""
    grave = any(
        signal.severity >= GRAVE and signal.kind in _GRAVE_KINDS for signal in incident.signals
    )
    return "critical" if grave else "warning"
