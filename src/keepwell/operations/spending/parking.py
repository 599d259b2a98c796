"""Workers of an endpoint's own end while nobody asks for it, and are back when somebody does.

The general workers answer in their place, so no request fails or waits: see `keepwell scale`. How many there
were is kept, so that another control process can bring them back. Who scales the endpoint meanwhile decides.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keepwell.core.clock import Clock
from keepwell.core.durations import format_duration
from keepwell.core.ports import MeasurementStore
from keepwell.core.spec import IdleSpec

if TYPE_CHECKING:
    from keepwell.deployment.scaling import Scaling

SUBJECT = "idle"


def parked(measurements: MeasurementStore) -> dict[str, int]:
    """Return how many workers of each endpoint's own were ended for now."""
    report = measurements.read_report(SUBJECT)
    return {} if report is None else dict(report["parked"])


class Parking:
    """Ends and starts workers of endpoints as they are asked.

    Args:
        scaling: The wanted number of workers.
        measurements: Where the number from before is kept.
        clock: Tells the time.
        spec: After how long, and whether at all.
    """

    def __init__(
        self, scaling: "Scaling", measurements: MeasurementStore, clock: Clock, spec: IdleSpec
    ) -> None:
        self._scaling, self._measurements = scaling, measurements
        self._clock, self._spec = clock, spec

    def look(self, last: Mapping[str, float], asked: Mapping[str, float]) -> None:
        """Look once.

        Args:
            last: When each endpoint was asked last, or since when it is watched.
            asked: Requests to each since the last look.
        """
        if not self._spec.stop:
            return
        pools, before = self._scaling.read().pools, parked(self._measurements)
        after = {name: count for name, count in before.items() if not pools.get(name)}
        back = {name: count for name, count in after.items() if asked.get(name)}
        now = self._clock.now()
        ended = {
            name: count
            for name, count in pools.items()
            if count and name in last and now - last[name] >= self._spec.after
        }
        for name, count in back.items():
            self._change(name, count, "somebody asks for it again")
            del after[name]
        for name, count in ended.items():
            waited = format_duration(now - last[name])
            self._keep({**after, name: count})  # first: a number that is lost never comes back
            self._change(name, 0, f"nobody has asked for it in {waited}")
            after[name] = count
        if after != before:
            self._keep(after)

    def _change(self, name: str, count: int, why: str) -> None:
        self._scaling.change(pools={name: count}, endpoints={name}, why=why)

    def _keep(self, after: dict[str, int]) -> None:
        self._measurements.write_report(SUBJECT, self._clock.now(), {"parked": after})
