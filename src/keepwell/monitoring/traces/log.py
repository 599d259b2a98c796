"""Reads traces: lists them, adds them up over time, gives one whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from keepwell.core.clock import Clock
from keepwell.core.ports import TableStore
from keepwell.core.spec.tracing import ModelPrice
from keepwell.infrastructure.tables import query
from keepwell.monitoring.prediction_log.scan import Scan
from keepwell.monitoring.traces.pricing import MONEY, price_table
from keepwell.monitoring.traces.schema import SCORE_SCHEMA, SCORES, SPAN_SCHEMA, SPANS
from keepwell.monitoring.traces.wanted import WantedTraces, anywhere, conditions, quoted

SECONDS = 30.0
WORKERS = "keepwell.worker"
"""Who tells the stages of requests that were answered here: see `deployment.tracing.requests`."""

LONGEST = 3600.0
"""Seconds that a trace may last without being cut where a stretch of time begins or ends."""

_ROOT = "t0 + CASE WHEN parent = '' THEN 0 ELSE 1e12 END"
_LAST = "CASE WHEN parent = '' THEN -1e12 ELSE -(t0 + ms / 1000) END"
_HEAD = f"""
WITH told AS (
  SELECT *, epoch(time) AS t0, {MONEY} AS money, kind IN ('llm', 'embedding') AS counted
  FROM spans LEFT JOIN prices ON model = p_model WHERE {{near}}
), judged AS (
  SELECT trace, name, avg(value) AS value FROM (
    SELECT trace, name, arg_max(value, (time, id)) AS value FROM scores GROUP BY trace, name, source, "by"
  ) GROUP BY trace, name
), every AS (
  SELECT trace, min(t0) AS began, max(t0 + ms / 1000) AS ended,
    arg_min(app, {_ROOT}) AS app, arg_min(name, {_ROOT}) AS name,
    coalesce(max(CASE WHEN parent = '' THEN ms END), (max(t0 + ms / 1000) - min(t0)) * 1000) AS ms,
    min(CASE WHEN first_token_ms IS NOT NULL THEN (t0 - root_at) * 1000 + first_token_ms END)
      AS first_token_ms,
    coalesce(arg_min(error, t0) FILTER (error <> ''), '') AS error,
    coalesce(string_agg(DISTINCT model, ', ' ORDER BY model) FILTER (counted AND model <> ''), '') AS models,
    coalesce(arg_min("user", {_ROOT}) FILTER ("user" <> ''), '') AS "user",
    coalesce(arg_min(session, {_ROOT}) FILTER (session <> ''), '') AS session,
    coalesce(arg_min(input, {_ROOT}) FILTER (input <> ''), '') AS input,
    coalesce(arg_min(output, {_LAST}) FILTER (output <> ''), '') AS output,
    coalesce(sum(CASE WHEN counted THEN input_tokens END), 0)::DOUBLE AS input_tokens,
    coalesce(sum(CASE WHEN counted THEN output_tokens END), 0)::DOUBLE AS output_tokens,
    sum(money) AS cost, count(*) AS spans, count(*) FILTER (kind = 'llm') AS calls,
    bool_or(parent = '') AS rooted, bool_or({{found}}) AS holds
  FROM (SELECT *, min(t0) OVER (PARTITION BY trace) AS root_at FROM told) GROUP BY trace
), traces AS (SELECT * FROM every WHERE holds)
"""  # noqa: S608 (what is filled in is made by `wanted`, which quotes)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """One trace in a list.

    Attributes:
        trace: Its id.
        app: The application.
        name: Of its first step.
        began: Unix seconds.
        ms: How long it took.
        first_token_ms: How long until the first token of its first answer; None where nobody noted it.
        error: Of its first step that failed; empty if none did.
        models: Which models were asked.
        user: For whom.
        session: The conversation.
        input: What it was given.
        output: What came out.
        input_tokens: Of all calls.
        output_tokens: Of all calls.
        cost: Of all calls, as far as prices are stated.
        spans: How many steps.
        calls: How many calls of models.
        rooted: Its first step is there.
        scores: What it was given, by name.
    """

    trace: str
    app: str
    name: str
    began: float
    ms: float
    first_token_ms: float | None
    error: str
    models: str
    user: str
    session: str
    input: str
    output: str
    input_tokens: float
    output_tokens: float
    cost: float
    spans: int
    calls: int
    rooted: bool
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """The traces that were asked for, and how many there are."""

    total: int
    traces: Sequence[TraceLine]


class TraceLog:
    """Every trace that was told.

    Args:
        tables: Where the tables are.
        clock: Tells the time.
        prices: What models cost.
    """

    def __init__(self, tables: TableStore, clock: Clock, prices: Sequence[ModelPrice]) -> None:
        self._tables = tables
        self._clock = clock
        self._prices = tuple(prices)

    def find(self, wanted: WantedTraces) -> TracePage:
        """Return traces, newest first.

        Raises:
            UsageError: If a term is none, or the table is too large to be looked through in 30 seconds.
        """
        where = " AND ".join(conditions(wanted))
        total = self.ask(f"SELECT count(*) AS n FROM traces WHERE {where}", wanted)  # noqa: S608 (quoted)
        rows = self.ask(
            f"SELECT * EXCLUDE (ended, holds) FROM traces WHERE {where}"  # noqa: S608 (quoted)
            f" ORDER BY began DESC, trace LIMIT {int(wanted.limit)} OFFSET {int(wanted.skip)}",
            wanted,
        ).to_pylist()
        scores = self.scores([row["trace"] for row in rows])
        lines = [TraceLine(**row, scores=scores.get(row["trace"], {})) for row in rows]
        return TracePage(total=int(total["n"][0].as_py()), traces=lines)

    def scores(self, traces: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return what traces were given, by trace and name."""
        if not traces:
            return {}
        listed = ", ".join(map(quoted, traces))
        rows = self.ask(
            f"SELECT trace, name, value FROM judged WHERE trace IN ({listed}) ORDER BY name",  # noqa: S608
            WantedTraces(since=self._clock.now()),
        )
        found: dict[str, dict[str, float]] = {}
        for row in rows.to_pylist():
            found.setdefault(row["trace"], {})[row["name"]] = row["value"]
        return found

    def apps(self) -> list[str]:
        """Return the names of all applications; endpoints whose requests were traced are none."""
        sql = f"SELECT DISTINCT app FROM spans WHERE caller <> {quoted(WORKERS)} ORDER BY 1"  # noqa: S608
        rows = query(sql, self._datasets(), seconds=SECONDS)
        return [str(name) for name in rows["app"].to_pylist()]

    def ask(self, sql: str, wanted: WantedTraces) -> pa.Table:
        """Return the answer to a SELECT over `traces`, `told` (steps) and `judged` (scores).

        Of `wanted` the text and the stretch of time narrow what is read; the rest is for the SELECT to say.
        """
        near = ["true"]
        if wanted.since is not None:
            near.append(f"time >= make_timestamptz({round((wanted.since - LONGEST) * 1e6)})")
        if wanted.until is not None:
            near.append(f"time < make_timestamptz({round((wanted.until + LONGEST) * 1e6)})")
        condition = " AND ".join(near)
        tables = self._datasets()
        models = query(
            f"SELECT DISTINCT model FROM spans WHERE model <> '' AND {condition}",  # noqa: S608 (numbers)
            tables,
            seconds=SECONDS,
        )["model"].to_pylist()
        tables["prices"] = price_table(models, self._prices)
        head = _HEAD.format(near=condition, found=anywhere(wanted.text))
        return query(head + sql, tables, seconds=SECONDS)

    def _datasets(self) -> dict[str, Any]:
        return {
            "spans": Scan(self._tables, SPANS, SPAN_SCHEMA, "time").rows,
            "scores": Scan(self._tables, SCORES, SCORE_SCHEMA, "traced").rows,
        }
