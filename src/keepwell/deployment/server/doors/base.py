"""What a door is."""

from typing import ClassVar, Protocol

from keepwell.core.errors import KeepwellError
from keepwell.deployment.server.messages import Header, Request, Response, error_response
from keepwell.deployment.server.prediction import Call


class Door(Protocol):
    """Answers the requests of one protocol.

    Attributes:
        methods: The methods that it answers.
        scope: What a token must allow; empty where none is asked for.
    """

    methods: ClassVar[tuple[str, ...]] = ("POST",)
    scope: ClassVar[str] = "predict"

    async def answer(self, call: Call, request: Request) -> Response:
        """Return the answer to a request.

        Raises:
            KeepwellError: If it is refused.
        """
        ...

    def refusal(self, error: KeepwellError, headers: list[Header]) -> Response:
        """Return a refusal in the words of the protocol; ours unless it has words of its own."""
        return error_response(error, headers)
