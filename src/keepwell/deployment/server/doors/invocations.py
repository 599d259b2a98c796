"""`POST /endpoints/NAME/invocations`: the scoring protocol of MLflow.

The answer has `predictions`, as MLflow's has, and beside them what our own door tells: `probabilities` by
class, `prediction_ids`, the version. A client of MLflow's that knows only `predictions` reads on.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.errors import InvalidRequestError, KeepwellError, UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.doors.delimited import is_csv, media_type, read_csv
from keepwell.deployment.server.messages import Header, Request, Response, json_response
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.recording import document_of
from keepwell.deployment.server.requests import decode_document
from keepwell.deployment.server.snapshot import LiveEndpoint

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SHAPE = "{" + "|".join(f'"{name}"' for name in FORMATS) + ": …}"
_JSON_TYPES = (b"application/json", b"")
_NOT_FOUND = 404
_INTERNAL = 500

Instances = list[dict[str, Any]]


class UnsupportedTypeError(UsageError):
    """The body is of a kind that is not read here."""

    headline = "The body is of another kind"
    http_status = 415


class InvocationsDoor(Door):
    """MLflow's scoring protocol.

    Args:
        predictor: Answers the instances.
    """

    methods: ClassVar[tuple[str, ...]] = ("POST",)

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def answer(self, call: Call, request: Request) -> Response:
        """Return predictions as MLflow's server does."""
        endpoint = self._predictor.find(call.endpoint)
        notes: list[str] = []
        if is_csv(request):
            instances = read_csv(endpoint, request.body)
        elif media_type(request) in _JSON_TYPES:
            instances, notes = read_invocation(endpoint, request.body)
        else:
            raise UnsupportedTypeError(
                f"the content type is {media_type(request).decode('latin-1')!r:.80}",
                why="an invocation is application/json or text/csv",
                now=f"send {_SHAPE}, or CSV with a line of column names",
            )
        answered = await self._predictor.predict(call, instances)
        document = document_of(answered.endpoint, answered.parts, logged=answered.logged)
        if notes:
            document["warnings"] = [*document.get("warnings", ()), *notes]
        return json_response(200, document, answered.marks)

    def refusal(self, error: KeepwellError, headers: list[Header]) -> Response:
        """Return a refusal that holds MLflow's `error_code` and `message` too."""
        status = error.http_status
        code = "RESOURCE_DOES_NOT_EXIST" if status == _NOT_FOUND else "BAD_REQUEST"
        if status >= _INTERNAL:
            code = "INTERNAL_ERROR"
        document = {"error_code": code, "message": str(error), **error.as_dict()}
        return json_response(status, document, headers)


def read_invocation(endpoint: LiveEndpoint, body: bytes) -> tuple[Instances, list[str]]:
    """Return the instances of a JSON body, and what was ignored in it.

    Raises:
        UsageError: If it is not JSON.
        InvalidRequestError: If it is of no form that MLflow has; says what and where.
    """
    document = decode_document(body, shape=_SHAPE)
    given = [name for name in FORMATS if name in document]
    if len(given) != 1:
        strange = next((name for name in document if name not in FORMATS), "")
        raise InvalidRequestError(
            f"the body has {' and '.join(given) or 'no rows'}",
            why=f"an invocation has exactly one of {', '.join(FORMATS)}",
            now=did_you_mean(strange, FORMATS) or f"send {_SHAPE}",
            details={"fields": list(document)[:20]},
        )
    form = given[0]
    notes = []
    if document.get("params"):
        notes.append("ignored, because the model takes none: 'params'")
    value = document[form]
    if form == "dataframe_split":
        return _split(value), notes
    if form == "dataframe_records":
        return _records(form, value), notes
    return _tensors(form, value, endpoint), notes


def _split(value: Any) -> Instances:
    if not isinstance(value, dict) or not {"columns", "data"} <= value.keys():
        raise _misfit("dataframe_split", 'it is {"columns": [name, …], "data": [[cell, …], …]}')
    names, rows = value["columns"], value["data"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _misfit("dataframe_split.columns", "it is a list of column names")
    return _named("dataframe_split.data", names, rows)


def _named(where: str, names: list[str], rows: Any) -> Instances:
    if not isinstance(rows, list):
        raise _misfit(where, "it is a list of rows")
    for at, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise _misfit(f"{where}[{at}]", f"it has a cell for each of the {len(names)} columns")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _records(where: str, value: Any) -> Instances:
    if not isinstance(value, list):
        raise _misfit(where, "it is a list of {column: value}")
    for at, row in enumerate(value):
        if not isinstance(row, dict):
            raise _misfit(f"{where}[{at}]", "it is {column: value}")
    return value


def _tensors(where: str, value: Any, endpoint: LiveEndpoint) -> Instances:
    """Return rows that are objects, lists in the signature's order, or columns of cells."""
    if isinstance(value, dict):
        return _columns(where, value)
    if isinstance(value, list) and value and isinstance(value[0], list):
        names = [field.name for field in endpoint.routes[0].scorer.signature.asked]
        return _named(where, names, value)
    return _records(where, value)


def _columns(where: str, columns: Mapping[str, Any]) -> Instances:
    first = next(iter(columns), "")
    for name, cells in columns.items():
        if not isinstance(cells, list) or len(cells) != len(columns[first]):
            raise _misfit(
                f"{where}['{name:.60}']", "each column is a list of cells, all of one length"
            )
    flat = [[_scalar(cell) for cell in cells] for cells in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*flat, strict=True)]


def _scalar(cell: Any) -> Any:
    """Return the cell of a column that was sent as a matrix of one column."""
    return cell[0] if isinstance(cell, list) and len(cell) == 1 else cell


def _misfit(where: str, form: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"'{where}' is not of the form that it has to be",
        why=form,
        now=f"send {_SHAPE}",
        details={"field": where},
    )
