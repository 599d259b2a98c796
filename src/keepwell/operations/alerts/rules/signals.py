"""What monitors find outside its limits."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.alerting import RuleSpec
from keepwell.core.records import Hit, Signal
from keepwell.operations.alerts.reading import Reading
from keepwell.operations.alerts.rules.base import hit_of

GRAVE = 0.8
"""A monitor's severity from which a signal is critical."""


def severity_of(severity: float) -> str:
    """Return a monitor's severity (0..1) as a word."""
    return "critical" if severity >= GRAVE else "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Fires for each signal of a kind; `any` is every kind."""

    spec: RuleSpec

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.spec.name

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit for each signal that fits."""
        spec = self.spec
        for signal in reading.signals:
            if signal.known or spec.signal not in ("any", signal.kind):
                continue
            if spec.endpoint not in ("", signal.endpoint):
                continue
            if spec.above is not None and abs(signal.value) <= spec.above:
                continue
            subject = _subject(signal)
            yield hit_of(
                spec,
                subject,
                signal.message,
                value=signal.value,
                limit=signal.limit,
                since=signal.since or reading.now,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Built in: signals that are about no endpoint. Those of endpoints become incidents."""

    name: str = "signals"

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit for each."""
        for signal in reading.signals:
            if not signal.endpoint:
                yield Hit(
                    rule=self.name,
                    subject=_subject(signal),
                    message=signal.message,
                    severity=severity_of(signal.severity),
                    value=signal.value,
                    limit=signal.limit,
                    since=signal.since or reading.now,
                    act="incident",
                )


def _subject(signal: Signal) -> str:
    about = f"endpoint:{signal.endpoint}" if signal.endpoint else signal.kind
    return f"{about}/{signal.column}" if signal.column else about
