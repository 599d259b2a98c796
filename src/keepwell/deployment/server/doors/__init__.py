"""The ways in which predictions can be asked for, one a file.

A door turns a request into instances, has the `Predictor` answer them, and writes the answer in the words
of its protocol. What it raises as a `KeepwellError` is answered as a refusal by the application.
"""

from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.doors.finding import Doors
from keepwell.deployment.server.doors.predict import PredictDoor

__all__ = ["Door", "Doors", "PredictDoor"]
