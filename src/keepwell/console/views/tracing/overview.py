"""Traces that match, what they took and cost over time, and who caused it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from keepwell.console.charts import LineChart, line_chart
from keepwell.core.errors import UsageError
from keepwell.core.ports import Point
from keepwell.monitoring.traces.figures import course, figures, uses
from keepwell.monitoring.traces.wanted import WantedTraces

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

PAGE = 50
USERS = 10
SPANS = {"1h": 3600.0, "24h": 86400.0, "7d": 604800.0, "30d": 2592000.0, "all": None}
DEFAULT_SPAN = "24h"
_STEPS = 120  # stretches that a chart is made of
_BEFORE = 0.05  # of the time that there are traces of: what a chart shows before the first of them
_ALL = 10 * 365 * 86400.0
_FROM_0 = (0.0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line over the common axis; `chart` is None where nothing was measured."""

    title: str
    unit: str
    chart: LineChart | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for.

    Attributes:
        app: The application; empty for all.
        span: How far back, one of `SPANS`.
        where: Conditions, as they were typed.
        text: What stands anywhere.
        failed: Only those with an error.
        page: Which page, from 1.
    """

    app: str = ""
    span: str = DEFAULT_SPAN
    where: str = ""
    text: str = ""
    failed: bool = False
    page: int = 1

    def url(self, **changed: object) -> str:
        """Return the address of the same question with something changed; its first page unless said."""
        values: dict[str, object] = {
            "app": self.app,
            "span": self.span if self.span != DEFAULT_SPAN else "",
            "where": self.where,
            "text": self.text,
            "failed": "1" if self.failed else "",
            **changed,
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/traces?{query}" if query else "/traces"


def asked_by(query: QueryParams) -> Asked:
    """Return what an address asks for; what it asks wrongly is left out."""
    page, span = query.get("page", ""), query.get("span", "")
    return Asked(
        app=query.get("app", ""),
        span=span if span in SPANS else DEFAULT_SPAN,
        where=query.get("where", "").strip(),
        text=query.get("text", "").strip(),
        failed=bool(query.get("failed")),
        page=max(int(page), 1) if page.isdecimal() and len(page) < 7 else 1,  # noqa: PLR2004
    )


def terms_of(text: str) -> tuple[str, ...]:
    """Return conditions that were typed into one field, with semicolons between them."""
    return tuple(term for one in text.split(";") if (term := one.strip()))


def traces(workspace: "Workspace", *, query: QueryParams) -> dict[str, Any]:
    """Return the context of `traces.html`."""
    asked, now = asked_by(query), workspace.clock.now()
    desk = workspace.traces
    length = SPANS[asked.span]
    wanted = WantedTraces(
        app=asked.app,
        where=terms_of(asked.where),
        text=asked.text,
        failed=asked.failed,
        since=None if length is None else now - length,
        until=None if length is None else now + 60,
        limit=PAGE,
        skip=(asked.page - 1) * PAGE,
    )
    refusal = None
    try:
        page = desk.find(wanted)
    except UsageError as error:
        refusal, wanted = error, WantedTraces(since=now + _ALL)
        page = desk.find(wanted)
    found = figures(desk.log, wanted) if page.total else {}
    return {
        "asked": asked,
        "refusal": refusal,
        "apps": desk.apps(),
        "spans": list(SPANS),
        "lines": page.traces,
        "total": page.total,
        "first": (asked.page - 1) * PAGE + 1,
        "pages": -(-page.total // PAGE),
        "figures": found,
        "scores": {name[6:]: value for name, value in found.items() if name.startswith("score:")},
        "lanes": _lanes(workspace, wanted, found, now) if page.total else [],
        "uses": {
            by: some[:USERS]
            for by in ("model", "user", "app")
            if len(some := uses(desk.log, wanted, by)) > (by == "app")
        }
        if page.total
        else {},
        "budgets": desk.budgets(asked.app) if asked.app and desk.spec.objectives else [],
        "limits": {one.name: one for one in desk.spec.limits},
        "currency": workspace.spec.costs.currency,
        "priced": bool(workspace.spec.costs.models) or bool(found.get("cost")),
    }


def _lanes(
    workspace: "Workspace", wanted: WantedTraces, found: Mapping[str, float], now: float
) -> list[Lane]:
    log = workspace.traces.log
    (first,) = log.ask("SELECT min(began) AS began FROM traces", wanted)["began"].to_pylist()
    begun = now if first is None else float(first)
    since = min(max(wanted.since or begun, begun - _BEFORE * (now - begun)), now - 60)
    step = max((now - since) / _STEPS, 1.0)
    series = course(log, wanted, step).series
    limits = {one.name: one.value for one in workspace.traces.spec.limits}
    tokens = _together(series.get("input_tokens", ()), series.get("output_tokens", ()))
    slow, most = limits.get("latency_p95_ms"), limits.get("error_rate")
    failed = [Point(one.name, one.time, one.value * 100) for one in series.get("error_rate", ())]
    rows: list[tuple[str, str, Sequence[Point], float | None, tuple[float, ...]]] = [
        ("traces", "", series.get("traces", ()), None, _FROM_0),
        ("latency p95", "ms", series.get("latency_p95_ms", ()), slow, _FROM_0),
        ("tokens", "", tokens, None, _FROM_0),
        ("cost", workspace.spec.costs.currency, series.get("cost", ()), None, _FROM_0),
        ("failed", "% of traces", failed, None if most is None else most * 100, (0.0, 10.0)),
        *(
            (f"score {name[6:]}", "", series.get(name, ()), limits.get(name), (0.0, 1.0))
            for name in sorted(found)
            if name.startswith("score:")
        ),
    ]
    return [
        Lane(
            title=title,
            unit=unit,
            chart=line_chart(points, expected=limit, window=(since, now), within=within),
        )
        for title, unit, points, limit, within in rows
        if points
    ]


def _together(first: Sequence[Point], second: Sequence[Point]) -> list[Point]:
    return [
        Point("tokens", one.time, one.value + other.value)
        for one, other in zip(first, second, strict=True)
    ]
