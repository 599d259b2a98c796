"""Who had which share of the traffic over time, as a Plotly figure in the colours of the page."""

from typing import TYPE_CHECKING, Any

from keepwell.console.wording import iso
from keepwell.deployment.rollouts.timeline import Period, timeline

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

MOST_PERIODS = 300
COLOURS = ("role:accent", "role:challenger", "role:watch", "role:reference", "role:bad")


def shares(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return each version's share over time, one upon the other."""
    periods = timeline(workspace.endpoints, name, MOST_PERIODS)[::-1]
    moments = [period.since for period in periods]
    moments.append(max(workspace.clock.now(), *moments) if moments else 0.0)
    versions = sorted({route.version for period in periods for route in period.answering})
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"v{version}",
            "x": [iso(moment) for moment in moments],
            "y": _line(periods, version),
            "line": {"color": COLOURS[at % len(COLOURS)], "width": 1, "shape": "hv"},
            "fillcolor": f"{COLOURS[at % len(COLOURS)]}:0.35",
            "stackgroup": "shares",
        }
        for at, version in enumerate(versions)
    ]
    axis = {"ticksuffix": "%", "range": [0, 100]}
    return {
        "data": traces,
        "layout": {"xaxis": {"type": "date"}, "yaxis": axis, "shapes": [], "showlegend": True},
    }


def _line(periods: list[Period], version: int) -> list[float]:
    weights = [
        next((route.weight for route in period.answering if route.version == version), 0.0)
        for period in periods
    ]
    return [*weights, *weights[-1:]]
