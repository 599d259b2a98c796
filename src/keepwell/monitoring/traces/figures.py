"""Traces added up: numbers of a stretch of time, the course of them, and who caused which cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keepwell.core.ports import Point
from keepwell.monitoring.costs.bill import Calls
from keepwell.monitoring.objectives.tally import Sums
from keepwell.monitoring.traces.log import TraceLog
from keepwell.monitoring.traces.wanted import WantedTraces, conditions

_SUMS = (
    "count(*) AS traces, avg(CASE WHEN error <> '' THEN 1.0 ELSE 0.0 END) AS error_rate,"
    " quantile_cont(ms, 0.5) AS latency_p50_ms, quantile_cont(ms, 0.95) AS latency_p95_ms,"
    " quantile_cont(ms, 0.99) AS latency_p99_ms, quantile_cont(first_token_ms, 0.95) AS first_token_p95_ms,"
    " sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost) AS cost"
)
GROUPS = {
    "app": "app",
    "model": "models",
    "user": '"user"',
    "session": "session",
    "name": "name",
}
"""What use may be told by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How traces went over time, by stretches of equal length: series by name."""

    step: float
    series: Mapping[str, Sequence[Point]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What somebody used: an application, a model, a user."""

    name: str
    traces: int
    input_tokens: float
    output_tokens: float
    cost: float


def figures(log: TraceLog, wanted: WantedTraces) -> dict[str, float]:
    """Return the numbers of all traces that match, by the names of series; empty without any."""
    where = " AND ".join(conditions(wanted))
    rows = log.ask(f"SELECT {_SUMS} FROM traces WHERE {where}", wanted).to_pylist()  # noqa: S608 (quoted)
    found = {name: float(value) for name, value in rows[0].items() if value is not None}
    count = found.get("traces", 0.0)
    if not count:
        return {}
    if wanted.since is not None and wanted.until is not None:
        found["requests"] = count / (wanted.until - wanted.since)
    found["cost_per_thousand"] = found["cost"] / count * 1000
    scores = log.ask(
        "SELECT judged.name AS name, avg(value) AS value FROM judged"  # noqa: S608 (quoted)
        f" JOIN (SELECT trace FROM traces WHERE {where}) USING (trace) GROUP BY 1 ORDER BY 1",
        wanted,
    )
    return found | {f"score:{row['name']}": row["value"] for row in scores.to_pylist()}


def course(log: TraceLog, wanted: WantedTraces, step: float) -> Course:
    """Return how it went, by stretches of `step` seconds."""
    where = " AND ".join(conditions(wanted))
    place = f"floor(began / {float(step)!r}) * {float(step)!r}"
    rows = log.ask(
        f"SELECT {place} AS place, {_SUMS} FROM traces WHERE {where} GROUP BY 1 ORDER BY 1",  # noqa: S608
        wanted,
    )
    series: dict[str, list[Point]] = {}
    for row in rows.to_pylist():
        at = row.pop("place")
        for name, value in row.items():
            if value is not None:
                series.setdefault(name, []).append(Point(name, at, float(value)))
    scores = log.ask(
        f"SELECT {place} AS place, judged.name AS name, avg(value) AS value FROM judged"  # noqa: S608
        f" JOIN (SELECT trace, began FROM traces WHERE {where}) USING (trace) GROUP BY 1, 2 ORDER BY 1",
        wanted,
    )
    for row in scores.to_pylist():
        name = f"score:{row['name']}"
        series.setdefault(name, []).append(Point(name, row["place"], float(row["value"])))
    return Course(step=step, series=series)


def uses(log: TraceLog, wanted: WantedTraces, by: str = "app") -> list[Use]:
    """Return who used how much, the dearest first. By model, each call counts for the model it asked."""
    if by == "model":
        where = " AND ".join(conditions(wanted))
        sql = (
            "SELECT model AS name, count(DISTINCT told.trace) AS traces,"  # noqa: S608 (quoted)
            " coalesce(sum(told.input_tokens), 0)::DOUBLE AS input_tokens,"
            " coalesce(sum(told.output_tokens), 0)::DOUBLE AS output_tokens, sum(money) AS cost"
            f" FROM told JOIN (SELECT trace FROM traces WHERE {where}) USING (trace)"
            " WHERE counted GROUP BY 1"
        )
    else:
        where = " AND ".join(conditions(wanted))
        sql = (
            f"SELECT {GROUPS[by]} AS name, count(*) AS traces, sum(input_tokens) AS input_tokens,"  # noqa: S608
            f" sum(output_tokens) AS output_tokens, sum(cost) AS cost FROM traces WHERE {where} GROUP BY 1"
        )
    rows = log.ask(sql, wanted).to_pylist()
    found = [Use(**{**row, "name": row["name"] or "unknown"}) for row in rows]
    return sorted(
        found, key=lambda one: (-one.cost, -one.input_tokens - one.output_tokens, one.name)
    )


def calls(log: TraceLog, since: float, until: float) -> list[Calls]:
    """Return what each application asked of each model, for whom, in a stretch of time."""
    wanted = WantedTraces(since=since, until=until)
    where = " AND ".join(conditions(wanted))
    rows = log.ask(
        'SELECT traces.app AS app, model, traces."user" AS "user", count(DISTINCT told.trace) AS requests,'  # noqa: S608
        f" sum(money) AS cost FROM told JOIN (SELECT * FROM traces WHERE {where}) AS traces USING (trace)"
        " WHERE counted GROUP BY 1, 2, 3",
        wanted,
    )
    return [Calls(**row) for row in rows.to_pylist()]


def sums_of(log: TraceLog, app: str, good: str, since: float) -> Sums:
    """Return, minute by minute since a time, how many traces there were and of how many `good` holds.

    Args:
        log: The traces.
        app: The application.
        good: What must hold of a row of `traces` joined with `value`; NULL leaves the trace out.
        since: From when on.
    """
    wanted = WantedTraces(app=app, since=since)
    where = " AND ".join(conditions(wanted))
    rows = log.ask(
        "SELECT floor(began / 60) * 60 + 60 AS place, count(*) FILTER (good) AS good, count(*) AS total FROM"  # noqa: S608
        f" (SELECT began, {good} AS good FROM traces WHERE {where}) WHERE good IS NOT NULL"
        " GROUP BY 1 ORDER BY 1",
        wanted,
    ).to_pylist()
    times, right, total = [since], [0.0], [0.0]
    for row in rows:
        times.append(row["place"])
        right.append(right[-1] + row["good"])
        total.append(total[-1] + row["total"])
    if len(times) == 1:
        return Sums(times=[], good=[], total=[])
    return Sums(times=times, good=right, total=total)
