"""A measured number is above or below a limit, for so long."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.alerting import RuleSpec
from keepwell.core.durations import format_duration
from keepwell.core.records import Hit
from keepwell.operations.alerts.reading import STALE_SECONDS, Reading, subjects_of
from keepwell.operations.alerts.rules.base import hit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Fires while every point of the last `lasting` seconds is on the wrong side, the newest among them."""

    spec: RuleSpec

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.spec.name

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield a hit for each subject whose series is outside."""
        spec = self.spec
        limit = spec.above if spec.above is not None else spec.below
        for subject in subjects_of(spec, reading.endpoints):
            points = reading.line(subject, spec.metric)
            if limit is None or not points:
                continue
            if reading.now - points[-1].time > max(spec.lasting, STALE_SECONDS):
                continue
            began = None
            for point in reversed(points):
                if not (point.value > limit if spec.above is not None else point.value < limit):
                    break
                began = point.time
            if began is None or reading.now - began < spec.lasting:
                continue
            side = "above" if spec.above is not None else "below"
            lasted = f" for {format_duration(reading.now - began)}" if spec.lasting else ""
            yield hit_of(
                spec,
                subject,
                f"{spec.metric} of {subject.partition(':')[2]} is {points[-1].value:.4g}, {side}"
                f" {limit:g}{lasted}",
                value=points[-1].value,
                limit=limit,
                since=began,
            )
