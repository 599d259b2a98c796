"""`POST /endpoints/NAME/predict`: `{"instances": [{column: value}]}` in, predictions with ids out.

Or CSV in, CSV out, by `content-type` and `accept`.
"""

from typing import ClassVar

from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.doors.delimited import csv_response, is_csv, read_csv, wants_csv
from keepwell.deployment.server.messages import Request, Response, json_response
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.recording import document_of
from keepwell.deployment.server.requests import decode_instances


class PredictDoor(Door):
    """Keepwell's own protocol.

    Args:
        predictor: Answers the instances.
    """

    methods: ClassVar[tuple[str, ...]] = ("POST",)

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def answer(self, call: Call, request: Request) -> Response:
        """Return predictions, their ids, and the version that made them."""
        if is_csv(request):
            instances = read_csv(self._predictor.find(call.endpoint), request.body)
        else:
            instances = decode_instances(request.body)
        answered = await self._predictor.predict(call, instances)
        document = document_of(answered.endpoint, answered.parts, logged=answered.logged)
        if wants_csv(request):
            return csv_response(document, answered.marks)
        return json_response(200, document, answered.marks)
