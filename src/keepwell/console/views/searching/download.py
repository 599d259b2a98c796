"""What a search of the prediction log finds, as a file."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams

from keepwell.console.views.searching.search import asked_by
from keepwell.core.errors import NotFoundError
from keepwell.monitoring.prediction_log.searching import search

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

MOST = 100_000
KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_FIELDS = (
    "id", "time", "version", "role", "request", "key", "prediction", "outcome", "latency_ms", "caller",
    "trace",
)  # fmt: skip


def rows(workspace: "Workspace", name: str, form: str, *, query: QueryParams) -> tuple[bytes, str]:
    """Return the newest 100,000 rows that match, and the kind of file that they make.

    Raises:
        NotFoundError: If there is no such kind of file.
        UsageError: If a condition is none.
    """
    if form not in KINDS:
        raise NotFoundError(f"there is no .{form}", now=f"ask for .{' or .'.join(KINDS)}")
    endpoint = workspace.endpoints.read(name)
    asked = replace(asked_by(endpoint.name, query), page=1)
    wanted = replace(asked.wanted(workspace.clock.now()), limit=MOST, skip=0)
    workspace.collector.collect()
    documents = list(_documents(workspace, wanted))
    if form == "jsonl":
        lines = (json.dumps(one, ensure_ascii=False) for one in documents)
        return "".join(f"{line}\n" for line in lines).encode(), KINDS[form]
    return _sheet(documents).encode(), KINDS[form]


def _documents(workspace: "Workspace", wanted: Any) -> Iterator[dict[str, Any]]:
    found = search(workspace.predictions, wanted).predictions
    outcomes = workspace.predictions.outcomes([one.id for one in found]) if found else {}
    for one in found:
        told = outcomes.get(one.id)
        yield {
            **{name: getattr(one, name) for name in _FIELDS if hasattr(one, name)},
            "time": datetime.fromtimestamp(one.time, UTC).isoformat(),
            "prediction": json.loads(one.prediction),
            "outcome": None if told is None else json.loads(told.outcome),
            "inputs": json.loads(one.inputs),
        }


def _sheet(documents: list[dict[str, Any]]) -> str:
    inputs = list(dict.fromkeys(name for one in documents for name in one["inputs"]))
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow([*_FIELDS, *(f"input.{name}" for name in inputs)])
    for one in documents:
        sheet.writerow(
            [_cell(one[name]) for name in _FIELDS]
            + [_cell(one["inputs"].get(name)) for name in inputs]
        )
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Return a value as a sheet has it; text that a program would run as a formula stays text."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
