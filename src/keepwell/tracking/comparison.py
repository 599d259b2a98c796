"""Runs side by side: what was chosen differently, and which difference is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keepwell.core.records import Estimate, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The columns are the runs, in the order they were given.

    Attributes:
        runs: Their ids.
        params: Only what is not the same in all of them; None where a run has no such parameter.
        metrics: Every metric; None where a run was not measured by it.
        apart: Metrics of which two runs' 95% intervals do not overlap.
    """

    runs: tuple[str, ...]
    params: dict[str, tuple[object, ...]] = field(default_factory=dict)
    metrics: dict[str, tuple[Estimate | None, ...]] = field(default_factory=dict)
    apart: tuple[str, ...] = ()


def compare(runs: Sequence[Run]) -> Comparison:
    """Return runs side by side."""
    names = sorted({name for run in runs for name in run.params})
    params = {name: tuple(run.params.get(name) for run in runs) for name in names}
    metrics = {
        name: tuple(run.metrics.get(name) for run in runs)
        for name in sorted({name for run in runs for name in run.metrics})
    }
    return Comparison(
        runs=tuple(run.id for run in runs),
        params={name: values for name, values in params.items() if len(set(values)) > 1},
        metrics=metrics,
        apart=tuple(name for name, values in metrics.items() if _apart(values)),
    )


def _apart(values: Sequence[Estimate | None]) -> bool:
    lows = [item.low for item in values if item is not None and item.low is not None]
    highs = [item.high for item in values if item is not None and item.high is not None]
    return bool(lows and highs) and max(lows) > min(highs)
