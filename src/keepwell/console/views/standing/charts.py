"""The charts of how an endpoint stands, as Plotly figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.console.charts import thin
from keepwell.console.wording import iso, label
from keepwell.core.errors import NotFoundError
from keepwell.core.records import Estimate
from keepwell.operations.standing import Standing, standing_of

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

MOST_POINTS = 600
MARKED = 40
"""Points of a line from which on it is drawn without marks."""

LOWEST = -1.0
"""A budget that is overdrawn further is drawn here: what is left of the others stays readable."""

_GAPS = ("selection_rate", "true_positive_rate", "false_positive_rate", "mean_residual")
_COLOURS = ("role:accent", "role:challenger", "role:reference", "role:watch", "role:muted")


def estimates(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return performance by period: what was estimated, with its interval, and what outcomes say."""
    found = _found(workspace, name)
    points = found.of(found.version)
    guessed = [
        (point.since, guess)
        for point in points
        if (guess := point.estimated.get(found.metric)) is not None
    ]
    proved = [
        (point.since, point.realised[found.metric], point.mature)
        for point in points
        if found.metric in point.realised
    ]
    traces = [
        *_band(guessed, "role:accent"),
        _line([(time, guess.value) for time, guess in guessed], "estimated", "role:accent"),
        _dots([(t, one) for t, one, mature in proved if mature], "outcomes", "role:good"),
        _dots(
            [(t, one) for t, one, mature in proved if not mature],
            "outcomes so far", "role:watch", symbol="circle-open",
        ),
    ]  # fmt: skip
    shapes = [_across(found.promised.value)] if found.promised is not None else []
    return _figure(traces, shapes)


def budgets(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return how much of each objective's budget was left, over time."""
    found = _found(workspace, name)
    names = [one.objective.name for one in found.budgets]
    series = workspace.measurements.series(f"endpoint:{name}", [f"budget:{one}" for one in names])
    traces = [
        _line(
            [
                (p.time, max(p.value, LOWEST))
                for p in thin(series.get(f"budget:{one}", []), MOST_POINTS)
            ],
            label(one), _COLOURS[at % len(_COLOURS)],
        )
        for at, one in enumerate(names)
    ]  # fmt: skip
    figure = _figure(traces, [_across(0.0)])
    figure["layout"]["yaxis"]["tickformat"] = ".0%"
    return figure


def kpi(workspace: "Workspace", name: str, asked: str) -> dict[str, Any]:
    """Return a KPI by period, and its target."""
    found = _found(workspace, name)
    one = next((item for item in found.kpis if item.name == asked), None)
    if one is None:
        raise _unknown("KPI", asked, [item.name for item in found.kpis])
    versions = sorted({point.version for point in one.points})
    shown = versions if len(versions) > 2 else versions[:1]  # noqa: PLR2004 (all, and the only one)
    traces = [
        _line(
            [
                (p.since, p.value)
                for p in one.points
                if p.version == version and p.value is not None
            ],
            f"v{version}" if version else "all versions",
            _COLOURS[at % len(_COLOURS)],
        )
        for at, version in enumerate(shown)
    ]
    return _figure(traces, [_across(one.target)] if one.target is not None else [])


def groups(workspace: "Workspace", name: str, column: str) -> dict[str, Any]:
    """Return the gaps between the groups of a column by period, and the limit of the one that is watched."""
    found = _found(workspace, name)
    watched = next((item for item in found.watched if item.column == column), None)
    if watched is None:
        raise _unknown("watched column", column, [item.column for item in found.watched])
    points = [point for point in found.groups if point.column == column]
    kept = {*_GAPS, watched.metric}
    names = list(dict.fromkeys(gap for point in points for gap in point.gaps if gap in kept))
    ordered = sorted(names, key=lambda gap: gap != watched.metric)
    traces = [
        _line(
            [(point.since, point.gaps[gap].value) for point in points if gap in point.gaps],
            label(gap), _COLOURS[at % len(_COLOURS)],
        )
        for at, gap in enumerate(ordered[: len(_COLOURS)])
    ]  # fmt: skip
    limit = watched.max_gap
    ratio = watched.metric == "disparate_impact"
    figure = _figure(traces, [] if limit is None else [_across(1 - limit if ratio else limit)])
    figure["layout"]["yaxis"]["title"] = "smallest by largest" if ratio else "largest less smallest"
    figure["layout"]["showlegend"] = True
    return figure


def _found(workspace: "Workspace", name: str) -> Standing:
    workspace.endpoints.read(name)
    found = standing_of(workspace.measurements, name)
    if found is None:
        raise NotFoundError(
            f"nobody has looked yet at how '{name}' stands",
            why="`keepwell up` looks every half minute",
            now=f"keepwell monitor performance --now --endpoint {name}",
        )
    return found


def _unknown(what: str, asked: str, known: Sequence[str]) -> NotFoundError:
    return NotFoundError(
        f"there is no {what} called '{asked}'",
        why=f"there are: {', '.join(known) or 'none'}",
        now="keepwell.yaml defines them, under monitor",
    )


def _band(points: Sequence[tuple[float, Estimate]], colour: str) -> list[dict[str, Any]]:
    """Draw intervals as a band: an unseen lower edge, and an upper one filled down to it."""
    sure = [(time, one) for time, one in points if one.low is not None and one.high is not None]
    if len(sure) < 2:  # noqa: PLR2004
        return []
    edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "showlegend": False}
    x = [iso(time) for time, _ in sure]
    quiet = {"hoverinfo": "skip"}
    return [
        {**edge, **quiet, "x": x, "y": [one.low for _, one in sure], "name": "low"},
        {
            **edge, **quiet, "x": x, "y": [one.high for _, one in sure], "name": "high",
            "fill": "tonexty", "fillcolor": f"{colour}:0.15",
        },
    ]  # fmt: skip


def _line(points: Sequence[tuple[float, float | None]], name: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(points) < MARKED else "lines",
        "name": name,
        "x": [iso(time) for time, _ in points],
        "y": [value for _, value in points],
        "line": {"color": colour, "width": 2},
        "marker": {"size": 5},
    }


def _dots(
    points: Sequence[tuple[float, Estimate]], name: str, colour: str, symbol: str = "circle"
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [iso(time) for time, _ in points],
        "y": [one.value for _, one in points],
        "marker": {"color": colour, "size": 9, "symbol": symbol, "line": {"width": 2}},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [(one.high if one.high is not None else one.value) - one.value for _, one in points],
            "arrayminus": [one.value - (one.low if one.low is not None else one.value) for _, one in points],
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
    }  # fmt: skip


def _across(value: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": {"color": "role:muted", "width": 1.5, "dash": "dash"},
    }


def _figure(traces: Sequence[dict[str, Any]], shapes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    drawn = [trace for trace in traces if trace["x"]]
    return {
        "data": drawn,
        "layout": {
            "xaxis": {"type": "date"},
            "yaxis": {},
            "shapes": list(shapes) if drawn else [],
            "showlegend": len(drawn) > 1,
        },
    }
