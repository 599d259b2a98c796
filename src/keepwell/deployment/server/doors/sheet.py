"""`GET /endpoints/NAME/predict.csv?column=value&…`: one row, for what can only fetch an address.

Google Sheets (`IMPORTDATA`) and Excel (`WEBSERVICE`, *From Web*) do that. With `only=prediction` the
answer is that one value and nothing else. It is logged like any prediction.
"""

from typing import Any, ClassVar
from urllib.parse import parse_qsl

from keepwell.core.errors import InvalidRequestError, UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.doors.delimited import csv_response, read_written
from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.recording import document_of

ONLY = "only"
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_FRESH = (b"cache-control", b"no-store")
_MANY = 2000  # columns in one address


class SheetDoor(Door):
    """Predictions for spreadsheets.

    Args:
        predictor: Answers the row.
    """

    methods: ClassVar[tuple[str, ...]] = ("GET",)

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def answer(self, call: Call, request: Request) -> Response:
        """Return a line of names and the one row that was asked for."""
        endpoint = self._predictor.find(call.endpoint)
        given = _cells(request.query)
        known = {field.name for route in endpoint.routes for field in route.scorer.signature.known}
        only = "" if ONLY in known else given.pop(ONLY, "")
        row: dict[str, Any] = read_written(endpoint)(given)
        answered = await self._predictor.predict(call, [row])
        document = document_of(answered.endpoint, answered.parts, logged=answered.logged)
        headers = [*answered.marks, _FRESH]
        if not only:
            return csv_response(document, headers)
        said = {"prediction": document["predictions"][0], **document.get("probabilities", [{}])[0]}
        if only not in said:
            raise InvalidRequestError(
                f"the answer has no '{only}'",
                why=f"`only` is one of: {', '.join(said)}",
                now=did_you_mean(only, said) or "leave `only` out to see all of the answer",
                details={"column": ONLY},
            )
        return Response(headers=(_TEXT, *headers), body=str(said[only]).encode())


def _cells(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MANY
        )
    except ValueError as error:  # a UnicodeError is one
        raise UsageError(
            "the address cannot be read",
            why=str(error),
            now="percent-encode names and values: predict.csv?tenure=3&Contract=One%20year",
        ) from None
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"the column '{twice[0]}' is in the address twice",
            why="one address asks for one row",
            now="POST rows as CSV to /predict to ask for several",
        )
    return dict(pairs)
