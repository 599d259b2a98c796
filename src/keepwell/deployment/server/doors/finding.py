"""Which door a path leads to."""

from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.doors.invocations import InvocationsDoor
from keepwell.deployment.server.doors.open_inference import OpenInferenceDoor
from keepwell.deployment.server.doors.ping import PingDoor, VersionDoor
from keepwell.deployment.server.doors.predict import PredictDoor
from keepwell.deployment.server.doors.schema import SchemaDoor
from keepwell.deployment.server.doors.sheet import SheetDoor
from keepwell.deployment.server.prediction import Predictor

_PREFIX = "/endpoints/"
_OPEN_INFERENCE = "/v2"


class Doors:
    """All doors of a worker.

    Args:
        predictor: Answers what comes through them.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._by_verb: dict[str, Door] = {
            "predict": PredictDoor(predictor),
            "predict.csv": SheetDoor(predictor),
            "invocations": InvocationsDoor(predictor),
            "ping": PingDoor(predictor),
            "version": VersionDoor(predictor),
            "schema": SchemaDoor(predictor),
        }
        self._open_inference = OpenInferenceDoor(predictor)

    def find(self, path: str) -> tuple[Door, str] | None:
        """Return a path's door and the endpoint that it names; None if no door is there.

        `/endpoints/NAME/VERB` is a door of one endpoint; what begins with `/v2` names it further on.
        """
        if path.startswith(_PREFIX):
            name, slash, verb = path[len(_PREFIX) :].partition("/")
            door = self._by_verb.get(verb) if slash and name else None
            return None if door is None else (door, name)
        if path == _OPEN_INFERENCE or path.startswith(_OPEN_INFERENCE + "/"):
            return self._open_inference, self._open_inference.endpoint_of(path)
        return None
