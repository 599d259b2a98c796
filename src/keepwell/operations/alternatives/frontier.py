"""Who is beaten in everything by another: the Pareto frontier of quality, time and cost."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepwell.operations.alternatives.contest import Result


def on_the_frontier(results: "Sequence[Result]", *, more: bool = True) -> "list[Result]":
    """Return the results, each marked whether it is on the frontier.

    Args:
        results: All of them.
        more: More quality is better; else less (a distance).
    """
    return [
        replace(one, frontier=not any(_beats(other, one, more=more) for other in results))
        for one in results
    ]


def _beats(one: "Result", other: "Result", *, more: bool) -> bool:
    """Tell whether one is nowhere worse and somewhere better; unknown costs compare with none."""
    sign = 1 if more else -1
    gains = [
        sign * (one.quality.value - other.quality.value),
        other.latency_ms - one.latency_ms,
    ]
    if one.cost is not None and other.cost is not None:
        gains.append(other.cost - one.cost)
    elif one.cost is not None or other.cost is not None:
        return False
    return min(gains) >= 0 and max(gains) > 0
