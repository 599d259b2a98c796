"""What all incidents and releases together say, and what the loop made of each trigger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.console.charts import Bar, bars
from keepwell.console.views import health
from keepwell.console.wording import NONE, duration
from keepwell.core.records import Decision, Incident
from keepwell.operations.incidents.figures import Week, figures

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

PERIODS = {"28": "4 weeks", "91": "13 weeks", "364": "a year"}
STORIES = 40
_ACTIONS = ("retrain", "start_rollout", "promote", "abort", "reject", "drop_retraining")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One figure week by week."""

    title: str
    bars: tuple[Bar, ...]
    highest: str
    newest: str
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the loop made of one trigger."""

    incident: Incident
    health: health.Health
    actions: tuple[str, ...]
    outcome: str


def progress(workspace: "Workspace", *, days: str = "") -> dict[str, Any]:
    """Return the context of `progress.html`."""
    chosen = days if days in PERIODS else "28"
    now = workspace.clock.now()
    found = figures(workspace.metadata, workspace.incidents, now, days=float(chosen))
    return {
        "figures": found,
        "periods": PERIODS,
        "chosen": chosen,
        "trends": trends(found.weeks),
        "stories": stories(workspace),
    }


def trends(weeks: Sequence[Week]) -> list[Trend]:
    """Return what is worth seeing week by week."""
    count: Callable[[float | None], str] = lambda value: NONE if value is None else f"{value:.0f}"  # noqa: E731
    wanted: list[tuple[str, list[float | None], Callable[[float | None], str]]] = [
        ("Deployments", [float(week.deployments) for week in weeks], count),
        ("Failed deployments", [float(week.failures) for week in weeks], count),
        ("Incidents", [float(week.incidents) for week in weeks], count),
        ("Time to detect", [week.detect for week in weeks], duration),
        ("Time to acknowledge", [week.acknowledge for week in weeks], duration),
        ("Time to restore", [week.recover for week in weeks], duration),
    ]
    return [_trend(title, values, say) for title, values, say in wanted]


def stories(workspace: "Workspace") -> list[Story]:
    """Return trigger, actions and outcome of the newest incidents."""
    found = sorted(workspace.incidents.find(), key=lambda one: -one.opened)[:STORIES]
    by_incident: dict[str, list[Decision]] = {}
    for decision in workspace.incidents.decisions(limit=None):
        by_incident.setdefault(decision.incident, []).append(decision)
    return [
        Story(
            incident=one,
            health=health.of_incident(one),
            actions=_actions(by_incident.get(one.id, ())),
            outcome=_outcome(one),
        )
        for one in found
    ]


def _trend(title: str, values: Sequence[float | None], say: Callable[[float | None], str]) -> Trend:
    known = [value for value in values if value is not None]
    return Trend(
        title=title,
        bars=bars([value or 0.0 for value in values], inset=0.15),
        highest=say(max(known, default=None)),
        newest=say(values[-1] if values else None),
        empty=not any(known),
    )


def _actions(decisions: Sequence[Decision]) -> tuple[str, ...]:
    ordered = sorted(decisions, key=lambda one: one.time)
    done = (one.action.replace("_", " ") for one in ordered if one.action in _ACTIONS)
    return tuple(dict.fromkeys(done))


def _outcome(incident: Incident) -> str:
    same = incident.evidence.get("comparison")
    if isinstance(same, dict) and same.get("gain") is not None and same.get("metric"):
        return f"{same['metric']} {same['gain']:+.3f} on {same.get('rows', 0):,} rows"
    return incident.summary
