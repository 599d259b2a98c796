"""The large charts of an endpoint, as Plotly figures whose colours are roles of the page's theme."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keepwell.console.charts import thin
from keepwell.console.views.home import live_metric, promotions, recent_incidents
from keepwell.console.wording import iso, label
from keepwell.core.ports import Point
from keepwell.core.records import Endpoint, ModelVersion

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

MOST_POINTS = 600


def quality(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return live quality over time: the endpoint, each version in traffic, and what was promised."""
    endpoint = workspace.endpoints.read(name)
    version = _champion(workspace, endpoint)
    metric = live_metric(workspace, endpoint, version)
    own = _series(workspace, f"endpoint:{name}", [f"metric:{metric}"])
    traces = [_line(own.get(f"metric:{metric}", []), label(metric), "role:accent", 2.2)]
    for route in endpoint.routes if len(endpoint.routes) > 1 else ():
        points = _series(workspace, f"endpoint:{name}/v{route.version}", [f"metric:{metric}"])
        if points:
            colour = "role:challenger" if route.role == "challenger" else "role:reference"
            line = next(iter(points.values()))
            traces.append(_line(line, f"v{route.version} {route.role}", colour, 1.6))
    shapes = [*_incidents(workspace, name), *_promotions(workspace, endpoint)]
    promised = version.metrics.get(metric) if version else None
    if promised is not None:
        shapes.append(_across(promised.value))
    return _figure(traces, shapes=shapes, tickformat="")


def latency(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return response times over time."""
    workspace.endpoints.read(name)
    shades = {"p50": "role:reference", "p95": "role:accent", "p99": "role:watch"}
    names = [f"latency_{part}_ms" for part in shades]
    series = _series(workspace, f"endpoint:{name}", names)
    traces = [
        _line(series.get(f"latency_{part}_ms", []), part, colour, 1.8)
        for part, colour in shades.items()
    ]
    return _figure(traces, ticksuffix=" ms", rangemode="tozero")


def traffic(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return requests a second over time, and the share that failed."""
    workspace.endpoints.read(name)
    series = _series(workspace, f"endpoint:{name}", ["requests", "error_rate"])
    requests = _line(series.get("requests", []), "requests a second", "role:accent", 1.8)
    requests |= {"fill": "tozeroy", "fillcolor": "role:accent:0.12"}
    errors = _line(series.get("error_rate", []), "errors", "role:bad", 1.6) | {"yaxis": "y2"}
    figure = _figure([requests, errors], rangemode="tozero")
    figure["layout"]["yaxis2"] = {
        "overlaying": "y",
        "side": "right",
        "tickformat": ".1%",
        "range": [0, max([0.05, *(point.value * 1.2 for point in series.get("error_rate", []))])],
        "showgrid": False,
    }
    return figure


def _champion(workspace: "Workspace", endpoint: Endpoint) -> ModelVersion | None:
    if endpoint.champion is None:
        return None
    return workspace.registry.get(endpoint.model, endpoint.champion)


def _series(
    workspace: "Workspace", subject: str, names: Sequence[str]
) -> Mapping[str, Sequence[Point]]:
    found = workspace.measurements.series(subject, names)
    return {name: thin(points, MOST_POINTS) for name, points in found.items()}


def _line(points: Sequence[Point], name: str, colour: str, width: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines" if len(points) > 1 else "markers",
        "name": name,
        "x": [iso(point.time) for point in points],
        "y": [point.value for point in points],
        "line": {"color": colour, "width": width},
    }


def _figure(
    traces: Iterable[dict[str, Any]], *, shapes: Iterable[dict[str, Any]] = (), **axis: Any
) -> dict[str, Any]:
    drawn = [trace for trace in traces if trace["x"]]
    return {
        "data": drawn,
        "layout": {
            "xaxis": {"type": "date"},
            "yaxis": {key: value for key, value in axis.items() if value},
            "shapes": list(shapes) if drawn else [],
        },
    }


def _incidents(workspace: "Workspace", name: str) -> list[dict[str, Any]]:
    now = workspace.clock.now()
    return [
        {
            "type": "rect",
            "yref": "paper",
            "x0": iso(item.opened),
            "x1": iso(item.closed or now),
            "y0": 0,
            "y1": 1,
            "line": {"width": 0},
            "fillcolor": "role:bad:0.12",
            "layer": "below",
        }
        for item in recent_incidents(workspace, name)
    ]


def _promotions(workspace: "Workspace", endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {
            "type": "line",
            "yref": "paper",
            "x0": iso(time),
            "x1": iso(time),
            "y0": 0,
            "y1": 1,
            "line": {"color": "role:challenger", "width": 1.5, "dash": "dot"},
        }
        for time, _ in promotions(workspace, endpoint)
    ]


def _across(value: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": {"color": "role:muted", "width": 1, "dash": "dash"},
    }
