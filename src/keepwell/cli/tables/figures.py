"""Figures of incidents and releases, as a terminal shows them."""

from typing import TYPE_CHECKING

from keepwell.cli.output import Output, ago
from keepwell.core.durations import format_duration

if TYPE_CHECKING:
    from keepwell.operations.incidents.figures import Figures

_SHOWN = 10


def tell_figures(out: Output, found: "Figures") -> None:
    """Print the figures, week by week, and the newest deployments."""
    days = (found.until - found.since) / 86400.0
    out.say(f"the last {days:.0f} days", style="bold")
    out.facts(
        {
            "deployments": f"{found.deployments}, {found.per_week:.1f} a week",
            "by themselves": _percent(found.by_itself),
            "steps by people": None if found.steps is None else f"{found.steps:.1f} a deployment",
            "lead time": _time(found.lead),
            "change-failure rate": _percent(found.failure_rate),
            "incidents": f"{found.incidents}, {found.open} open now, {found.healed} healed",
            "time to detect": _time(found.detect),
            "time to acknowledge": _time(found.acknowledge),
            "time to restore": _time(found.recover),
        }
    )
    out.table(
        ["week of", "deployments", "failed", "incidents", "detect", "acknowledge", "restore"],
        [
            [
                ago(week.start, found.until),
                week.deployments,
                week.failures,
                week.incidents,
                _time(week.detect),
                _time(week.acknowledge),
                _time(week.recover),
            ]
            for week in found.weeks
        ],
    )
    if found.list:
        out.table(
            ["deployed", "endpoint", "version", "by", "lead time", "failed"],
            [
                [ago(one.time), one.endpoint, one.version, one.by, _time(one.lead), one.failed]
                for one in found.list[:_SHOWN]
            ],
        )


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else format_duration(seconds)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
