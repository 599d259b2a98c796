"""A measured number rose or fell against the same stretch of the past."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from keepwell.core.alerting import RuleSpec
from keepwell.core.durations import format_duration
from keepwell.core.records import Hit
from keepwell.operations.alerts.reading import Reading, subjects_of
from keepwell.operations.alerts.rules.base import hit_of

USUAL_SECONDS = 600.0
"""Length of both windows unless the rule says one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Compares the mean of the last window with the mean of the same window `against` seconds ago."""

    spec: RuleSpec

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.spec.name

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit for each subject whose series moved too far."""
        spec, now = self.spec, reading.now
        length = spec.lasting or USUAL_SECONDS
        share = spec.rises if spec.rises is not None else -(spec.falls or 0.0)
        for subject in subjects_of(spec, reading.endpoints):
            points = reading.line(subject, spec.metric)
            recent = [one.value for one in points if one.time > now - length]
            then = now - spec.against
            past = [one.value for one in points if then - length < one.time <= then]
            if not recent or not past:
                continue
            before, present = fmean(past), fmean(recent)
            limit = before + abs(before) * share
            if present <= limit if share > 0 else present >= limit:
                continue
            moved = f"{(present - before) / abs(before):+.0%}" if before else "from nothing"
            yield hit_of(
                spec,
                subject,
                f"{spec.metric} of {subject.partition(':')[2]} is {present:.4g}, {moved} against"
                f" {before:.4g} {format_duration(spec.against)} ago",
                value=present,
                limit=limit,
                since=now - length,
            )
