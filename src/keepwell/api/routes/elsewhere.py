"""Predictions of models that are served elsewhere."""

import io
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keepwell.api.bodies import TooLargeError, read_body, read_object
from keepwell.api.door import document, workspace_of
from keepwell.api.routes.feedback import LARGEST_BODY
from keepwell.core.errors import InvalidDataError, InvalidRequestError, UsageError
from keepwell.core.events import acting_as

router = APIRouter(tags=["predictions"])

CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
MOST_ROWS = 100_000

_FORM = '{"predictions": [{"id": "…", "inputs": {…}, "prediction": …, "time": …}]}'
_PREDICTION = {
    "type": "object",
    "required": ["inputs", "prediction"],
    "properties": {
        "id": {"type": "string", "description": "your own name for it: it is kept once"},
        "time": {"description": "when it was made: Unix seconds or ISO 8601; now unless said"},
        "version": {"description": "number or name of the registered version that made it"},
        "key": {"description": "whom the row is about"},
        "inputs": {"type": "object"},
        "prediction": {"description": "the label or number"},
        "score": {"type": "number", "description": "probability of the second of two classes"},
        "probabilities": {"description": "of every class, as a list or by name"},
        "latency_ms": {"type": "number"},
        "outcome": {"description": "what turned out to be true, where it is known already"},
        "trace": {"type": "string", "description": "the trace id of the request"},
    },
}
_SHEET = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["predictions"],
                "properties": {"predictions": {"type": "array", "items": _PREDICTION}},
            },
        },
        CSV: _SHEET,
        ARROW: _SHEET,
    },
}
_COLUMNS = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": f"Of CSV and Arrow: the column with the {name}, if it is called otherwise.",
    }
    for name in ("prediction", "time", "outcome", "id", "key", "version", "score", "latency_ms")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedDocument:
    """A prediction that was not kept, and why."""

    index: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenDocument:
    """What became of predictions: new ones, known ones, outcomes that came with them, refused ones."""

    accepted: int
    duplicate: int
    outcomes: int
    rejected: list[RejectedDocument] = field(default_factory=list)


@router.post(
    "/api/v1/endpoints/{endpoint}/predictions",
    response_model=TakenDocument,
    openapi_extra={"requestBody": _BODY, "parameters": _COLUMNS},
)
async def take_predictions(request: Request, endpoint: str, partial: bool = False) -> Response:
    """Hand in predictions of a model that is served elsewhere; they are durable when this answers.

    JSON, CSV or an Arrow stream, by the content type. One with an `id` is kept once, however often it comes.
    With `partial` those that can be used are kept although others cannot.
    """
    body = await read_body(request, LARGEST_BODY)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    named = {name: request.query_params.get(name, "") for name in _NAMES}
    caller = request.headers.get("x-keepwell-caller", "")[:200]
    workspace = workspace_of(request)

    def take() -> Any:
        found = workspace.endpoints.read(endpoint)
        inputs: list[str] = []
        if found.champion is not None:
            signature = workspace.registry.get(found.model, found.champion).signature
            inputs = [item.name for item in signature.inputs]
        items = _items(kind, body, named, inputs)
        with acting_as("api"):
            return workspace.elsewhere.take(found, items, caller=caller, partial=partial)

    return document(await run_in_threadpool(take))


_NAMES = tuple(str(one["name"]) for one in _COLUMNS)


def _items(kind: str, body: bytes, named: dict[str, str], inputs: list[str]) -> list[Any]:
    if kind in (CSV, ARROW):
        from keepwell.monitoring.elsewhere.sheets import Columns, columns_of, items_of

        table = _table(kind, body)
        columns = columns_of(table.column_names, Columns(**named), inputs=inputs)
        return list(items_of(table, columns))
    if kind not in ("", "application/json", "application/x-www-form-urlencoded"):
        raise UnknownBodyError(
            f"the body is '{kind[:100]}'",
            why=f"predictions are taken as application/json, {CSV} or {ARROW}",
            now="name what you send by the header content-type",
        )
    posted = read_object(body, _FORM)
    found = posted.get("predictions")
    if not isinstance(found, list):
        raise InvalidRequestError(
            "'predictions' is missing" if found is None else "'predictions' is not a list",
            why=f"the body is {_FORM}",
            now="put the predictions into a list of that name",
        )
    _must_fit(len(found))
    return found


def _table(kind: str, body: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.csv

    try:
        if kind == CSV:
            table = pyarrow.csv.read_csv(io.BytesIO(body))
        else:
            with pa.ipc.open_stream(io.BytesIO(body)) as reader:
                table = reader.read_all()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidDataError(
            f"the body is no {'CSV' if kind == CSV else 'Arrow stream'}",
            why=str(error)[:300],
            now="send a header line and rows"
            if kind == CSV
            else "write it by pyarrow.ipc.new_stream",
        ) from error
    _must_fit(table.num_rows)
    names = table.column_names
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidDataError(
            f"two columns are called '{twice}'", why="one name, one column", now="rename one"
        )
    return table


def _must_fit(rows: int) -> None:
    if rows > MOST_ROWS:
        raise TooLargeError(
            f"{rows:,} predictions in one request",
            why=f"at most {MOST_ROWS:,} are taken at once",
            now="send them in several requests, or use keepwell monitor import",
        )


class UnknownBodyError(UsageError):
    """The body is of a kind that is not read here."""

    headline = "Not a kind of body that is read here"
    http_status = 415
