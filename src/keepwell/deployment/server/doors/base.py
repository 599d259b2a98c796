"""What a door is."""

from typing import Protocol

from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.prediction import Call


class Door(Protocol):
    """Answers the requests of one protocol.

    Attributes:
        scope: What a token must allow.
    """

    scope: str

    async def answer(self, call: Call, request: Request) -> Response:
        """Return the answer to a request.

        Raises:
            KeepwellError: If it is refused.
        """
        ...
