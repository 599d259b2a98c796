"""Workers follow the hours: fewer at night, as many as are needed by day, learnt from what was used.

Once an hour each part of the data plane gets the number that the hour is expected to need; within it more
are asked for at once where the last minutes took more than was expected. Who scales by hand meanwhile
decides until the hour is over. Nothing is done before two days are known.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from keepwell.core.clock import Clock
from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Endpoint, Scale
from keepwell.core.spec import ProjectSpec
from keepwell.operations.sizing.advice import GENERAL, Part, needed
from keepwell.operations.sizing.demand import HOUR
from keepwell.operations.sizing.gathering import advice_on, load_since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keepwell.deployment.scaling import Scaling

KNOWN = 2.0
"""Days of use that must be known before hours are followed."""

AHEAD = 300.0
"""Seconds before an hour begins in which what it needs is there already."""

RECENT = 300.0
"""Seconds whose load is never fallen below."""


class Hours:
    """Asks for the workers that the hour needs.

    Args:
        spec: The project.
        scaling: Workers that are wanted.
        measurements: Where use is kept.
        endpoints: Gives those that there are.
        clock: Tells the time.
        cores: Gives the processors that may be used.
    """

    def __init__(
        self,
        spec: ProjectSpec,
        scaling: "Scaling",
        measurements: MeasurementStore,
        endpoints: "Callable[[], Sequence[Endpoint]]",
        clock: Clock,
        cores: Callable[[], float],
    ) -> None:
        self._spec, self._scaling, self._measurements = spec, scaling, measurements
        self._endpoints, self._clock, self._cores = endpoints, clock, cores
        self._hour = -1
        self._left: Scale | None = None  # what was wanted when it last looked

    def look(self) -> Scale | None:
        """Look once; return what was asked for, None if nothing was."""
        now = self._clock.now()
        hour = int((now + AHEAD) // HOUR)
        endpoints, scale = self._endpoints(), self._scaling.read()
        fresh = hour != self._hour
        due = fresh or (self._left is not None and scale == self._left)
        advice = advice_on(
            self._spec,
            self._measurements,
            endpoints,
            scale,
            now=now,
            cores=self._cores(),
            memory=0,
            hour=hour,
        )
        if advice.days < KNOWN:
            return None
        names = [one.name for one in endpoints if not one.external]
        changed = {}
        waits = False  # for the load to fall to what the hour is expected to need
        for part in advice.parts:
            wanted = self._wanted(part, scale, names, now)
            waits = waits or (bool(part.by_hour) and wanted > max(1, part.by_hour[0]))
            if wanted > part.now or (due and wanted != part.now):
                changed[part.name] = wanted
        self._hour = hour
        found = None
        if changed:
            found = self._scaling.change(
                workers=changed.get(GENERAL),
                pools={name: count for name, count in changed.items() if name != GENERAL},
                endpoints=names,
                why=f"as the hours need it: {hour % 24:02}:00 UTC"
                if due
                else "more is asked than usual",
            )
        self._left = (found or scale) if waits and due else None
        return found

    def _wanted(self, part: Part, scale: Scale, names: list[str], now: float) -> int:
        """Return what the hour needs, and at least what the last minutes took."""
        if not part.by_hour or (part.name != GENERAL and not part.now):
            return part.now
        of = [part.name] if part.name else [name for name in names if not scale.pools.get(name)]
        lately = sum(load_since(self._measurements, name, now - RECENT) for name in of)
        most = max(1, int(self._cores()))
        return max(1, part.by_hour[0], min(needed(lately), most))  # to none: `costs.idle.stop`
