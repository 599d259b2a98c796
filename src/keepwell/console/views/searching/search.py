"""Answered rows of an endpoint that match: how many, when, and a page of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from keepwell.console.charts import Bar, bars
from keepwell.console.rendering import segment
from keepwell.console.views.predictions import rows
from keepwell.core.errors import UsageError
from keepwell.core.moments import moment
from keepwell.monitoring.prediction_log.searching import Wanted, count_over_time, search

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

PAGE = 100
_MOST_DIGITS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for, as it was typed.

    Attributes:
        endpoint: Whose rows.
        text: What stands anywhere in a row.
        where: Conditions, with semicolons between them.
        since: From when on.
        until: Until when.
        version: Of which version; None for all.
        page: Which page, from 1.
    """

    endpoint: str
    text: str = ""
    where: str = ""
    since: str = ""
    until: str = ""
    version: int | None = None
    page: int = 1

    def wanted(self, now: float) -> Wanted:
        """Return what is looked for.

        Raises:
            UsageError: If a time is none.
        """
        return Wanted(
            endpoint=self.endpoint,
            where=tuple(term for one in self.where.split(";") if (term := one.strip())),
            text=self.text,
            since=moment(self.since, now) if self.since else None,
            until=moment(self.until, now) if self.until else None,
            version=self.version,
            limit=PAGE,
            skip=(self.page - 1) * PAGE,
        )

    def url(self, form: str = "", **changed: object) -> str:
        """Return the address of the same question with something changed; as a file of a form."""
        values: dict[str, object] = {
            "text": self.text,
            "where": self.where,
            "since": self.since,
            "until": self.until,
            "version": self.version,
            **changed,
        }
        query = urlencode({name: value for name, value in values.items() if value})
        ending = f".{form}" if form else ""
        path = f"/endpoints/{segment(self.endpoint)}/predictions{ending}"
        return f"{path}?{query}" if query else path

    @property
    def command(self) -> str:
        """The same question at a terminal."""
        import shlex

        parts = ["keepwell", "predictions", "list", "--endpoint", self.endpoint]
        for term in self.where.split(";"):
            if term.strip():
                parts += ["--where", term.strip()]
        for option, value in (
            ("--text", self.text), ("--since", self.since), ("--until", self.until),
            ("--version", self.version),
        ):  # fmt: skip
            if value:
                parts += [option, str(value)]
        return shlex.join(parts)


def asked_by(endpoint: str, query: QueryParams) -> Asked:
    """Return what an address asks for."""

    def number(name: str) -> int | None:
        text = query.get(name, "")
        return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None

    return Asked(
        endpoint=endpoint,
        text=query.get("text", "").strip(),
        where=query.get("where", "").strip(),
        since=query.get("since", "").strip(),
        until=query.get("until", "").strip(),
        version=number("version"),
        page=max(number("page") or 1, 1),
    )


def predictions(workspace: "Workspace", name: str, *, query: QueryParams) -> dict[str, Any]:
    """Return the context of `predictions.html`."""
    endpoint = workspace.endpoints.read(name)
    asked, now = asked_by(endpoint.name, query), workspace.clock.now()
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "asked": asked,
        "versions": [item.version for item in workspace.registry.versions(endpoint.model)],
        "refusal": None,
        "total": 0,
        "pages": 0,
        "sql": "",
        "bars": (),
        "counted": None,
    }
    workspace.collector.collect()
    try:
        wanted = asked.wanted(now)
        found = search(workspace.predictions, wanted)
        counted = count_over_time(workspace.predictions, wanted) if found.total else None
    except UsageError as error:
        recent = workspace.predictions.recent(endpoint.name, PAGE, asked.version)
        return {**context, "refusal": error, "rows": rows(workspace, recent)}
    return {
        **context,
        "rows": rows(workspace, found.predictions),
        "total": found.total,
        "pages": -(-found.total // PAGE),
        "sql": found.sql,
        "bars": _bars(counted.counts) if counted else (),
        "counted": counted,
    }


def _bars(counts: tuple[int, ...]) -> tuple[Bar, ...]:
    return bars(counts, inset=0.06)
