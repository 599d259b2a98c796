"""Nothing is measured any more where something was."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.alerting import RuleSpec
from keepwell.core.durations import format_duration
from keepwell.core.records import Hit
from keepwell.operations.alerts.reading import Reading, subjects_of
from keepwell.operations.alerts.rules.base import hit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Fires while a series that has had points has none of the last `absent` seconds.

    A series that never had any is not missed: nothing has been promised yet.
    """

    spec: RuleSpec

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.spec.name

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit for each subject whose series ended."""
        allowed = self.spec.absent or 0.0
        for subject in subjects_of(self.spec, reading.endpoints):
            points = reading.line(subject, self.spec.metric)
            if not points or reading.now - points[-1].time < allowed:
                continue
            last = points[-1].time
            yield hit_of(
                self.spec,
                subject,
                f"{self.spec.metric} of {subject.partition(':')[2]} has not been measured for"
                f" {format_duration(reading.now - last)}",
                value=None,
                limit=None,
                since=last,
            )
