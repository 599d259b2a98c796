"""`POST /endpoints/NAME/predict`: `{"instances": [{column: value}]}` in, predictions with ids out.

Or CSV in, CSV out, by `content-type` and `accept`. `"history": 60` beside the instances asks a forecast
for the last values that it looked at, for a chart.
"""

from typing import Any, ClassVar

from keepwell.deployment.scoring.past import check_past, past_of
from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.doors.delimited import csv_response, is_csv, read_csv, wants_csv
from keepwell.deployment.server.hot.path import Asked
from keepwell.deployment.server.messages import Request, Response, json_response
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.recording import Scored, document_of
from keepwell.deployment.server.requests import decode_asked
from keepwell.deployment.server.shelf import ShelvedScorer

_SENT = (b"application/json", b"")
_WANTED = (b"*/*", b"application/json")
_MEANT = (b"authorization", b"x-api-key")
_OURS = b"x-keepwell-"


class PredictDoor(Door):
    """Keepwell's own protocol.

    Args:
        predictor: Answers the instances.
    """

    methods: ClassVar[tuple[str, ...]] = ("POST",)

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    @staticmethod
    def asked(call: Call, request: Request) -> Asked | None:
        """Return what a usual request asks; None if it is of another kind, for `answer` to see to.

        Usual is JSON in and JSON out, with no header by which anything but the id is decided.
        """
        headers = request.headers
        accepted = headers.get(b"accept", b"*/*")
        usual = (
            request.method == "POST"
            and not request.query
            and headers.get(b"content-type", b"").partition(b";")[0].strip().lower() in _SENT
            and any(kind in accepted for kind in _WANTED)
            and not any(name in _MEANT or name.startswith(_OURS) for name in headers)
        )
        given = headers.get(b"x-request-id")
        if not usual or call.traced or (given is not None and given != call.request.encode()):
            return None
        own = "" if given is None else call.request
        return Asked(endpoint=call.endpoint, request=own, trace=call.trace, parent=call.parent)

    async def answer(self, call: Call, request: Request) -> Response:
        """Return predictions, their ids, and the version that made them."""
        if is_csv(request):
            instances, steps = read_csv(self._predictor.find(call.endpoint), request.body), 0
        else:
            instances, steps = decode_asked(request.body)
            if steps:
                check_past(self._predictor.find(call.endpoint).routes[0].scorer.signature, steps)
        answered = await self._predictor.predict(call, instances)
        document = document_of(answered.endpoint, answered.parts, logged=answered.logged)
        if steps:
            document["history"] = _past(answered.parts, steps)
        if wants_csv(request):
            return csv_response(document, answered.marks)
        return json_response(200, document, answered.marks)


def _past(parts: list[Scored], steps: int) -> list[dict[str, Any]]:
    """Return what the version that answered the first row looked at last."""
    part = parts[0].part
    scorer = part.route.scorer
    if isinstance(scorer, ShelvedScorer):
        scorer = scorer.at_hand() or scorer.load()
    return past_of(scorer, [row for one in parts for row in one.part.rows], steps)
