"""The report as one HTML file: style, figures and the library that draws them inside; no network."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from keepwell import __version__
from keepwell.core.durations import format_duration
from keepwell.core.records import ColumnProfile
from keepwell.operations.reports import insight, plain
from keepwell.operations.reports.card import card_sections
from keepwell.operations.reports.dossier import Dossier
from keepwell.tracking.matrix import matrix_of
from keepwell.tracking.metrics import meaning, metric_names

HERE = Path(__file__).parent
PLOTLY = HERE.parents[1] / "console" / "static" / "vendor" / "plotly-basic.min.js"
_TOP = 12
_MOST_COLUMNS = 200
_TITLES = {
    "roc_curve": "ROC curve", "precision_recall_curve": "Precision and recall", "calibration": "Calibration",
    "confusion_matrix": "Confusion of classes", "importance": "Importance", "lift": "Lift",
    "gain": "Cumulative gain", "cross_validation": "Cross-validation", "residuals": "Residuals",
    "learning_curve": "Would more rows help?",
    "residual_histogram": "Distribution of residuals", "predicted_vs_actual": "Predicted and actual",
}  # fmt: skip


def render_report(dossier: Dossier, *, now: float) -> str:
    """Return the report as HTML; `now` dates it."""
    version = dossier.version
    order = {name: at for at, name in enumerate(metric_names(version.signature.task))}
    metrics = sorted(version.metrics.items(), key=lambda pair: order.get(pair[0], len(order)))
    ranked = sorted(version.importance.items(), key=lambda pair: -pair[1])
    largest = max((share for _, share in ranked), default=0.0) or 1.0
    columns = dossier.profile.columns[:_MOST_COLUMNS] if dossier.profile else ()
    return (
        _environment()
        .get_template("report.html")
        .render(
            dossier=dossier,
            version=version,
            run=dossier.run,
            found=dossier.evaluation,
            release=__version__,
            written=_date(now),
            made=_date(version.created),
            built=plain.built(dossier),
            quality=plain.quality(dossier),
            weak=plain.weak_spots(dossier),
            dropped=[item for item in dossier.findings if item.get("dropped")],
            noticed=[item for item in dossier.findings if not item.get("dropped")],
            influences=[(name, share, share / largest) for name, share in ranked[:_TOP]],
            hidden=max(0, len(ranked) - _TOP),
            metrics=[(name, estimate, meaning(name)) for name, estimate in metrics],
            figures=_figures(dossier.plots),
            explained=_explained(dossier),
            treated=insight.fairness(dossier),
            columns=[_column(item) for item in columns],
            sections=card_sections(dossier),
            **_inside(),
        )
    )


def _explained(dossier: Dossier) -> dict[str, Any] | None:
    found = insight.explanation(dossier)
    if found is None:
        return None
    figures = [
        {"title": item["layout"]["title"]["text"], "json": _inline(item)}
        for item in found["figures"]
    ]
    return {**found, "figures": figures}


def render_plot(title: str, figure: Mapping[str, Any], lines: Sequence[str]) -> str:
    """Return one figure with some sentences as an HTML file that needs no network."""
    page = _environment().get_template("plot.html")
    return page.render(title=title, figure=_inline(figure), lines=lines, **_inside())


def _inside() -> dict[str, Markup]:
    """Return what every such file holds: style, script and the library that draws."""
    return {
        "style": Markup((HERE / "templates" / "report.css").read_text()),  # noqa: S704 - our own file
        "script": Markup((HERE / "templates" / "report.js").read_text()),  # noqa: S704 - our own file
        "plotly": Markup(_plotly()),  # noqa: S704 - from the wheel
    }


@cache
def _plotly() -> str:
    return PLOTLY.read_text(encoding="utf-8").replace("</script", "<\\/script")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = _number
    made.filters["percent"] = lambda share: f"{share:.1%}"
    made.filters["took"] = format_duration
    made.filters["quoted"] = _quoted
    return made


def _figures(plots: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return figures to draw, and heat maps as tables."""
    made = []
    for name, figure in plots.items():
        title = _TITLES.get(name, name.replace("_", " ").capitalize())
        heat = next((item for item in figure["data"] if item.get("type") == "heatmap"), None)
        if heat is not None:
            made.append({"title": title, "matrix": matrix_of(heat, figure.get("layout", {}))})
        else:
            many = max((len(item.get("y", ())) for item in figure["data"]), default=0)
            across = any(item.get("orientation") == "h" for item in figure["data"])
            tall = name == "cross_validation" or (across and many > _TOP)
            made.append({"title": title, "matrix": None, "json": _inline(figure), "tall": tall})
    return made


def _inline(figure: Mapping[str, Any]) -> Markup:
    """Return JSON that cannot end the script it stands in."""
    text = json.dumps(figure).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704 - every `<` is escaped above


def _column(item: ColumnProfile) -> dict[str, Any]:
    if item.mean is not None and item.minimum is not None and item.maximum is not None:
        spread = f" ± {_number(item.std)}" if item.std is not None else ""
        says = (
            f"{_number(item.mean)}{spread}, from {_number(item.minimum)} to {_number(item.maximum)}"
        )
        if item.type.value == "datetime":
            says = f"from {_date(item.minimum)} to {_date(item.maximum)}"
    else:
        says = ", ".join(f"{label} ({count:,})" for label, count in item.top[:4])
    return {
        "name": item.name,
        "type": item.type.value,
        "missing": item.missing / item.rows if item.rows else 0.0,
        "distinct": item.distinct,
        "says": says,
    }


def _quoted(text: str) -> str:
    """Return a sentence with names in quotes instead of backticks."""
    return re.sub("`([^`]*)`", r"“\1”", text)


def _number(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 10_000 or value == int(value) else f"{value:.4g}"  # noqa: PLR2004


def _date(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
