"""Who may ask: a token's secret, its scopes, its endpoints, its limits."""

import hashlib
import hmac
import time
from collections.abc import Iterable

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Token
from keepwell.deployment.server.admission.meters import Meter, Meters
from keepwell.deployment.server.messages import Request

_PREFIX = "kw_"
_PARTS = 3


class UnknownCallerError(KeepwellError):
    """No token, or one that is not taken."""

    headline = "Who is asking?"
    http_status = 401


class ForbiddenError(KeepwellError):
    """The token is good, but not for this."""

    headline = "The token does not allow that"
    http_status = 403


class Access:
    """Lets consumers in. Never changed: when tokens change, a new one takes its place.

    Args:
        tokens: Those that are good.
        required: Refuse whoever has none.
        meters: What each has used.
    """

    def __init__(
        self, tokens: Iterable[Token] = (), *, required: bool = False, meters: Meters | None = None
    ) -> None:
        self.open = not required
        self._tokens = {token.id: token for token in tokens}
        self._meters = meters

    @property
    def idle(self) -> bool:
        """Whether there is nothing to check: nobody has a token, and nobody needs one."""
        return self.open and not self._tokens

    def admit(self, request: Request, endpoint: str, scope: str) -> "Consumer | None":
        """Return who asks; None for somebody without a token, where none is needed.

        Raises:
            UnknownCallerError: If there is no token where one is needed, or a wrong one anywhere.
            ForbiddenError: If the token is not for this endpoint, or not for this.
            LimitError: If it has sent too many requests.
        """
        text = _sent(request)
        if not text:
            if self.open:
                return None
            raise UnknownCallerError(
                f"'{endpoint}' answers only those who show a token",
                why="serve.tokens is 'required' in the project file",
                now="send the header `authorization: Bearer kw_…`; `keepwell tokens create` makes one",
            )
        token = self._verify(text)
        _check_allowed(token, endpoint, scope)
        meter = self._meters.of(token) if self._meters is not None else None
        if meter is not None:
            meter.request(time.time())
        return Consumer(token.name, meter)

    def _verify(self, text: str) -> Token:
        parts = text.split("_", _PARTS - 1)
        token = self._tokens.get(parts[1]) if len(parts) == _PARTS else None
        secret = hashlib.sha256(parts[-1].encode()).hexdigest()
        good = token is not None and hmac.compare_digest(secret, token.digest)
        if token is None or not good:
            raise UnknownCallerError(
                "this token is not one of ours",
                why="it was never made here, or it was revoked or mistyped",
                now="keepwell tokens lists the good ones",
            )
        if token.expires is not None and token.expires <= time.time():
            raise UnknownCallerError(
                f"the token of '{token.name}' has expired",
                why="it was made with an end",
                now=f"keepwell tokens create {token.name} makes a new one",
            )
        return token


class Consumer:
    """Somebody who was let in.

    Args:
        name: Who.
        meter: Counts what they use; None where nothing is counted.
    """

    __slots__ = ("_meter", "name")

    def __init__(self, name: str, meter: Meter | None) -> None:
        self.name = name
        self._meter = meter

    def spend(self, rows: int) -> None:
        """Take rows off the consumer's quota.

        Raises:
            LimitError: If fewer are left.
        """
        if self._meter is not None:
            self._meter.rows(rows, time.time())


def _sent(request: Request) -> str:
    """Return the token that a request shows, empty if none: `Authorization: Bearer`, or `x-api-key`."""
    kind, _, text = request.headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() != b"bearer" or not text.strip().startswith(_PREFIX.encode()):
        text = request.headers.get(b"x-api-key", b"")
    return text.strip().decode("latin-1")


def _check_allowed(token: Token, endpoint: str, scope: str) -> None:
    if token.endpoints and endpoint not in token.endpoints:
        raise ForbiddenError(
            f"the token of '{token.name}' is not for '{endpoint}'",
            why=f"it is for {', '.join(token.endpoints)}",
            now=f"keepwell tokens create … --endpoint {endpoint}",
        )
    if scope not in token.scopes:
        raise ForbiddenError(
            f"the token of '{token.name}' does not allow '{scope}'",
            why=f"it allows {', '.join(token.scopes) or 'nothing'}",
            now=f"keepwell tokens create … --scope {scope}",
        )
