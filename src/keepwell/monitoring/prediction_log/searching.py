"""Finds logged rows by what they hold: columns, inputs, text, time; with how many there are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from keepwell.core.errors import UsageError
from keepwell.core.records import Prediction
from keepwell.monitoring.prediction_log.log import PROBE, PredictionLog
from keepwell.monitoring.prediction_log.schema import predictions_of

SECONDS = 30.0
_TEXTS = ("id", "model", "role", "request", "key", "caller", "trace")
_NUMBERS = ("version", "latency_ms")
_TERM = re.compile(r"([^=!<>]+?)\s*(!=|>=|<=|=|>|<)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows are looked for; all that is said must hold.

    Attributes:
        endpoint: Whose.
        where: Terms such as `plan=monthly`, `tenure>12`, `outcome!=yes`: a column of the log, else an input.
        text: Stands anywhere in the row, in any case.
        since: Not before, Unix seconds.
        until: Before.
        version: Of this version.
        limit: At most so many, the newest.
        skip: So many of the newest are left out.
    """

    endpoint: str
    where: tuple[str, ...] = ()
    text: str = ""
    since: float | None = None
    until: float | None = None
    version: int | None = None
    limit: int = 50
    skip: int = 0

    @property
    def narrows(self) -> bool:
        """Whether more is asked than the newest rows of a version."""
        return bool(self.where or self.text or self.since is not None or self.until is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The newest rows that match, how many match, and the SQL that finds them."""

    total: int
    predictions: Sequence[Prediction]
    sql: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many rows match in stretches of equal length.

    Attributes:
        since: Where the first stretch begins, Unix seconds.
        step: Seconds of each.
        counts: How many rows, stretch by stretch.
    """

    since: float
    step: float
    counts: tuple[int, ...]


def search(log: PredictionLog, wanted: Wanted) -> Found:
    """Return the newest rows that match, newest first, and how many match.

    Raises:
        UsageError: If a term is none, or the log is too large to be looked through in 30 seconds.
    """
    matching = _matching(wanted)
    total = log.query(f"SELECT count(*) AS n {matching}", seconds=SECONDS)
    part = f" LIMIT {int(wanted.limit)}" + (f" OFFSET {int(wanted.skip)}" if wanted.skip else "")
    sql = f"SELECT * {matching} ORDER BY time DESC{part}"
    rows = log.query(sql, seconds=SECONDS)
    return Found(total=int(total["n"][0].as_py()), predictions=predictions_of(rows), sql=sql)


def count_over_time(log: PredictionLog, wanted: Wanted, stretches: int = 60) -> Counted | None:
    """Return how many rows match over time; None if none does.

    Raises:
        UsageError: If a term is none, or the log is too large to be looked through in 30 seconds.
    """
    matching = _matching(wanted)
    ends = log.query(
        f"SELECT min(epoch(time)) AS first, max(epoch(time)) AS last {matching}", seconds=SECONDS
    ).to_pylist()[0]
    if ends["first"] is None:
        return None
    since = ends["first"] if wanted.since is None else wanted.since
    until = ends["last"] if wanted.until is None else wanted.until
    step = max((until - since) / stretches, 1.0)
    found = log.query(
        f"SELECT least(floor((epoch(time) - {since!r}) / {step!r}), {stretches - 1})::INT AS place,"
        f" count(*) AS n {matching} GROUP BY 1",
        seconds=SECONDS,
    ).to_pylist()
    counts = {max(row["place"], 0): row["n"] for row in found}
    return Counted(
        since=since, step=step, counts=tuple(counts.get(place, 0) for place in range(stretches))
    )


def _matching(wanted: Wanted) -> str:
    """Return from which rows on a question is; every value in it is quoted."""
    return f"FROM predictions WHERE {' AND '.join(_conditions(wanted))}"


def _conditions(wanted: Wanted) -> list[str]:
    found = [f"endpoint = {_quoted(wanted.endpoint)}", f"caller != {_quoted(PROBE)}"]
    if wanted.version is not None:
        found.append(f"version = {int(wanted.version)}")
    for sign, time in ((">=", wanted.since), ("<", wanted.until)):
        if time is not None:
            found.append(f"time {sign} make_timestamptz({round(time * 1e6)})")
    if wanted.text:
        anywhere = " || ' ' || ".join(
            f"coalesce({name}, '')" for name in ("inputs", "prediction", *_TEXTS)
        )
        found.append(f"contains(lower({anywhere}), lower({_quoted(wanted.text)}))")
    return [*found, *map(_term, wanted.where)]


def _term(text: str) -> str:
    match = _TERM.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"'{text}' is no condition",
            why="one is a column, a sign and a value",
            now="for example plan=monthly, tenure>12, outcome!=yes",
        )
    name, sign, value = match[1].strip(), match[2], match[3].strip().strip("'\"")
    if name == "outcome":
        known = _compared("outcome->>'$'", sign, value)
        return f"id IN (SELECT prediction_id FROM outcomes WHERE {known})"  # noqa: S608 (quoted)
    if name == "prediction":
        return _compared("prediction->>'$'", sign, value)
    if name in _TEXTS or name in _NUMBERS:
        return _compared(f"CAST({name} AS VARCHAR)", sign, value)
    path = _quoted('$."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return _compared(f"(inputs->>{path})", sign, value)


def _compared(what: str, sign: str, value: str) -> str:
    """Compare as numbers where both are, else as text."""
    number = f"TRY_CAST({_quoted(value)} AS DOUBLE)"
    as_number, as_text = (
        f"TRY_CAST({what} AS DOUBLE) {sign} {number}",
        f"{what} {sign} {_quoted(value)}",
    )
    return f"coalesce({as_number}, {as_text}, false)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\0", "") + "'"
