"""What a version goes by, and whom it treats how: the report's own sections on both."""

from datetime import UTC, datetime
from typing import Any

from keepwell.core.records import ColumnType, Dependence, FairnessView
from keepwell.operations.insight.words import (
    columns_of,
    fairness_words,
    metric_words,
    mitigation_words,
)
from keepwell.operations.reports.dossier import Dossier

Figure = dict[str, Any]
_TOP = 12
_STRONG = 0.1  # of Friedman's H: less is hardly an interaction


def explanation(dossier: Dossier) -> dict[str, Any] | None:
    """Return what the section on the global explanation shows; None if there is none."""
    found = dossier.overview
    if found is None:
        return None
    dates = {
        item.name for item in dossier.version.signature.inputs if item.type is ColumnType.DATETIME
    }
    shown = list(found.permutation)[:_TOP] or list(found.strength)[:_TOP]
    told = found.explained or dossier.version.signature.target
    return {
        "found": found,
        "rows": [(name, found.permutation.get(name), found.strength.get(name)) for name in shown],
        "figures": [dependence_figure(one, told, one.column in dates) for one in found.dependence],
        "pairs": [one for one in found.interactions if one.strength >= _STRONG],
    }


def dependence_figure(one: Dependence, told: str, dates: bool = False) -> Figure:
    """Return partial dependence over the lines of single rows."""
    x = [_moment(value) if dates else value for value in one.grid]
    thin = {"width": 1, "color": "rgba(100,116,139,0.25)"}
    mode = {"mode": "lines"} if one.numeric else {"mode": "markers", "marker": {"size": 4}}
    lines = [
        {"type": "scatter", "x": x, "y": _plain(line), "line": thin, "showlegend": False,
         "hoverinfo": "skip", **mode, **({} if one.numeric else {"marker": {"size": 4, **_GREY}})}
        for line in one.lines
    ]  # fmt: skip
    mean = {
        "type": "scatter", "x": x, "y": _plain(one.mean), "name": "mean", "showlegend": False,
        "mode": "lines" if one.numeric else "markers", "line": {"width": 3}, "marker": {"size": 10},
    }  # fmt: skip
    kind = {} if one.numeric else {"type": "category"}
    axes = {
        "xaxis": {"title": {"text": one.column}, **kind}, "yaxis": {"title": {"text": told}},
    }  # fmt: skip
    return {"data": [*lines, mean], "layout": {"title": {"text": one.column}, **axes}}


_GREY = {"color": "rgba(100,116,139,0.35)"}


def fairness(dossier: Dossier) -> list[dict[str, Any]]:
    """Return what the section on fairness shows, one entry a column."""
    return [shown(view) for view in dossier.fairness]


def shown(view: FairnessView) -> dict[str, Any]:
    """Return one view as tables and sentences."""
    rates = columns_of(view.groups)
    return {
        "view": view,
        "words": fairness_words(view),
        "rates": [name.replace("_", " ") for name in rates],
        "groups": [
            (one.name, one.rows, [getattr(one, name) for name in rates]) for one in view.groups
        ],
        "gaps": [(metric_words(name), gap) for name, gap in view.gaps.items()],
        "mitigations": [mitigation_words(one) for one in view.mitigations],
    }


def _plain(values: Any) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _moment(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return datetime.fromtimestamp(value, UTC).isoformat()
