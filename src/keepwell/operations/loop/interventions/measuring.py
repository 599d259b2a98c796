"""What an intervention did: measured numbers at the looks before it and after, chance allowed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from keepwell.core.records import Effect, Intervention
from keepwell.operations.loop.view import Look, View

_BY_PLAYBOOK = {
    "scale": "latency_p95_ms",
    "lighten": "latency_p95_ms",
    "compress": "latency_p95_ms",
    "roll_back": "error_rate",
    "fall_back": "error_rate",
    "flag_off": "error_rate",
}
_NEUTRAL = frozenset({"requests_per_second", "rows", "labels"})
_FLOORS = {"latency_p95_ms": 5.0, "latency_p50_ms": 5.0, "error_rate": 0.01}
_FLOOR = 0.01
_SPREADS = 3.0
_RELATIVE = 0.1
_GUARDED = ("error_rate", "latency_p95_ms")
_GUARD = 3.0
"""How many times more than chance explains something else must have become worse to count as harm."""
_AFTER = 3
_REMEMBERED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a number moved.

    Attributes:
        measure: Which.
        before: Its mean before.
        after: Its mean after.
        gain: How much better it is; below 0 if it is worse.
        chance: How much of a difference chance explains.
    """

    measure: str
    before: float
    after: float
    gain: float
    chance: float

    @property
    def better(self) -> bool:
        """Beyond chance."""
        return self.gain > self.chance

    @property
    def worse(self) -> bool:
        """Beyond chance."""
        return self.gain < -self.chance

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.measure} went from {self.before:.4g} to {self.after:.4g}"


def seen_before(view: View) -> dict[str, tuple[float, ...]]:
    """Return the numbers of the latest looks, to be held against those to come.

    Drift and missing values are kept of columns that a signal is about.
    """
    columns = {signal.column for signal in view.signals if signal.column}
    names = [
        name
        for name in view.measures
        if name.partition(":")[0] not in ("drift", "missing") or name.partition(":")[2] in columns
    ]
    looks = view.looks[-_REMEMBERED:]
    return {
        name: tuple(look.measures[name] for look in looks if name in look.measures)
        for name in names
    }


def target_of(view: View, one: Intervention) -> str:
    """Return the measure that an intervention is to improve."""
    if one.predicted.measure:
        return one.predicted.measure
    if one.playbook == "roll_back" and "latency" in one.reason and "error" not in one.reason:
        return "latency_p95_ms"
    return _BY_PLAYBOOK.get(one.playbook, f"metric:{view.champion.metric}")


def change_of(view: View, one: Intervention, measure: str, since: float) -> Change | None:
    """Return how a measure moved by the looks after `since`; None where it was not measured."""
    before = one.seen.get(measure, ())
    looks = [look for look in view.looks if look.time >= since and measure in look.measures]
    after = [look.measures[measure] for look in looks[-_AFTER:]]
    if not before or not after or measure in _NEUTRAL:
        return None
    better = _direction(view, measure)
    old, new = fmean(before), fmean(after)
    return Change(
        measure=measure,
        before=old,
        after=new,
        gain=better * (new - old),
        chance=max(_chance(before, old, measure), _interval(looks, measure)),
    )


def harm(view: View, one: Intervention, since: float) -> Change | None:
    """Return what became worse beyond chance: what it was to improve, or clearly something else."""
    target = target_of(view, one)
    change = change_of(view, one, target, since)
    if change is not None and change.worse and _enough(view, since):
        return change
    for measure in _GUARDED:
        guard = change_of(view, one, measure, since)
        if measure == target or guard is None or not _enough(view, since):
            continue
        if guard.gain < -_GUARD * guard.chance:
            return guard
    return None


def effect_of(view: View, one: Intervention, since: float) -> Effect | None:
    """Return the effect by the looks after `since`; None where nothing was measured."""
    change = change_of(view, one, target_of(view, one), since)
    if change is None:
        return None
    verdict = "better" if change.better else "worse" if change.worse else "no clear change"
    return Effect(
        measure=change.measure,
        before=round(change.before, 6),
        after=round(change.after, 6),
        reason=f"{change}: {verdict} (chance explains {change.chance:.3g})",
    )


def _enough(view: View, since: float) -> bool:
    """Tell whether two looks after `since` saw answers: one may be an accident."""
    return sum(look.time >= since and look.rows > 0 for look in view.looks) > 1


def _direction(view: View, measure: str) -> int:
    return view.direction if measure.startswith("metric:") else -1


def _chance(before: Sequence[float], mean: float, measure: str) -> float:
    spread = _SPREADS * stdev(before) if len(before) > 1 else 0.0
    return max(spread, _RELATIVE * abs(mean), _FLOORS.get(measure, _FLOOR))


def _interval(looks: Sequence[Look], measure: str) -> float:
    """Return half of the live metric's interval, where it is what is measured."""
    live = looks[-1].live
    if live is None or measure != f"metric:{live.name}":
        return 0.0
    low, high = live.value.low, live.value.high
    return (high - low) / 2 if low is not None and high is not None else 0.0
