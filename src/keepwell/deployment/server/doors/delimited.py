"""Rows as CSV, as spreadsheets write and read it."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from keepwell.core.errors import InvalidRequestError, UsageError
from keepwell.deployment.server.messages import Header, Request, Response
from keepwell.deployment.server.snapshot import LiveEndpoint
from keepwell.features.written import written_reader

CSV = b"text/csv"
_DELIMITERS = ",;\t"
_CSV_HEADER = (b"content-type", b"text/csv; charset=utf-8")


def is_csv(request: Request) -> bool:
    """Tell whether a request's rows are CSV."""
    return media_type(request) == CSV


def wants_csv(request: Request) -> bool:
    """Tell whether the answer should be CSV: asked for, or CSV was sent and nothing else asked for."""
    accepted = request.headers.get(b"accept", b"*/*").lower()
    return CSV in accepted or (is_csv(request) and b"json" not in accepted)


def media_type(request: Request) -> bytes:
    """Return what the body is said to be, without parameters."""
    return request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def read_csv(endpoint: LiveEndpoint, body: bytes) -> list[dict[str, Any]]:
    """Return the instances of a CSV with a line of column names, read by an endpoint's signatures.

    Raises:
        UsageError: If it is not CSV.
        InvalidRequestError: If a row has more or fewer cells than there are names; says which.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_csv(f"it is not UTF-8: {error}") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = next(reader, [])
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise _not_csv(f"line {reader.line_num}: {error}") from None
    if not any(names):
        raise _not_csv("it has no line of column names")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _not_csv(f"the column '{twice[0]}' is there twice")
    for line, row in rows:
        if len(row) != len(names):
            raise InvalidRequestError(
                f"line {line} of the CSV has {len(row)} cells",
                why=f"the first line names {len(names)} columns: {', '.join(names)[:200]}",
                now="put cells that hold the delimiter in double quotes",
                details={"line": line},
            )
    read = read_written(endpoint)
    return [read(dict(zip(names, row, strict=True))) for _, row in rows]


def read_written(endpoint: LiveEndpoint) -> Any:
    """Return the function that reads an endpoint's rows of text."""
    fields = {
        field.name: field
        for route in reversed(endpoint.routes)  # the champion has the last word
        for field in route.scorer.signature.known
    }
    return written_reader(fields.values())


def csv_response(document: dict[str, Any], headers: Sequence[Header]) -> Response:
    """Return an answer as CSV: a row for each row, in order, its probabilities by class."""
    count = len(document["predictions"])
    models = document.get("models") or [document["model"]] * count
    likely = document.get("probabilities") or [{}] * count
    classes = list(dict.fromkeys(name for row in likely for name in row))
    bands = document.get("quantiles") or [{}] * count
    levels = list(bands[0]) if bands else []
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(
        [
            "prediction",
            *(f"probability_{name}" for name in classes),
            *(f"quantile_{level}" for level in levels),
            "prediction_id",
            "model_version",
        ]
    )
    for at, prediction in enumerate(document["predictions"]):
        shares = [likely[at].get(name, "") for name in classes]
        shares += [bands[at].get(level, "") for level in levels]
        identifier = document["prediction_ids"][at]
        writer.writerow([_cell(prediction), *shares, identifier, models[at]["version"]])
    body = file.getvalue().encode()
    return Response(headers=(_CSV_HEADER, *headers), body=body)


def _cell(value: Any) -> Any:
    """Return a prediction as a cell; text that a spreadsheet would run as a formula is kept from it."""
    if isinstance(value, list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(_DELIMITERS, key=head.count)


def _not_csv(why: str) -> UsageError:
    return UsageError(
        "the body is not CSV that can be read",
        why=why,
        now="send a line of column names, then a line for each row",
    )
