"""`POST /endpoints/NAME/predict`: `{"instances": [{column: value}]}` in, predictions with ids out."""

from keepwell.deployment.server.messages import Request, Response, json_response
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.recording import document_of
from keepwell.deployment.server.requests import decode_instances


class PredictDoor:
    """Keepwell's own protocol.

    Args:
        predictor: Answers the instances.
    """

    scope = "predict"

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def answer(self, call: Call, request: Request) -> Response:
        """Return predictions, their ids, and the version that made them."""
        answered = await self._predictor.predict(call, decode_instances(request.body))
        document = document_of(answered.endpoint, answered.parts, logged=answered.logged)
        return json_response(200, document, answered.marks)
