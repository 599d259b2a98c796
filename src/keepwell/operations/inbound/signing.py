"""Bodies that are signed: whoever knows the secret has sent them, and nobody has changed them."""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping

from keepwell.core.errors import KeepwellError

SECRET = "KEEPWELL_WEBHOOK_SECRET"  # noqa: S105 (the name of a variable)
PAGERDUTY = "x-pagerduty-signature"
OURS = "x-keepwell-signature"


class UnsignedError(KeepwellError):
    """The body is not signed, or not by somebody who knows the secret."""

    headline = "Nobody we know has signed this"
    http_status = 401


def check_signature(
    headers: Mapping[str, str], body: bytes, *, allowed: Callable[[str], bool] = lambda token: False
) -> None:
    """Refuse a body that is signed wrongly, or not signed where a secret is set and no good token shown.

    The header is `v1=…` (PagerDuty's; several with commas between them) or `sha256=…` (ours): HMAC-SHA256 of
    the body by one of the secrets in `KEEPWELL_WEBHOOK_SECRET`. An empty one is wrong: its
    sender was asked for no token.

    Args:
        headers: Of the request, by names in lower case.
        body: Its body.
        allowed: Tells whether a token is good, and for this.

    Raises:
        UnsignedError: If it is refused.
    """
    secrets = [one for one in os.environ.get(SECRET, "").split(",") if one]
    given = [headers[name] for name in (PAGERDUTY, OURS) if name in headers]
    if not given:
        if secrets and not allowed(_token(headers)):
            raise UnsignedError(
                "the body is not signed",
                why=f"{SECRET} is set, so that not anybody can send alerts",
                now=f"sign it: header {OURS}: sha256=HMAC, or show a token with the scope signal",
            )
        return
    if not secrets:
        raise UnsignedError(
            "the body is signed, and there is no secret to check it by",
            why=f"the environment has no {SECRET}",
            now=f"export {SECRET}=… before keepwell up",
        )
    theirs = {one.strip().partition("=")[2] for one in ",".join(given).split(",")}
    ours = [hmac.new(one.encode(), body, hashlib.sha256).hexdigest() for one in secrets]
    if not any(hmac.compare_digest(a.encode(), b.encode()) for a in ours for b in theirs):
        raise UnsignedError(
            "the signature is not that of this body",
            why="it was made by another secret, or the body was changed on the way",
            now=f"compare the secret of the sender with {SECRET}",
        )


def _token(headers: Mapping[str, str]) -> str:
    """Return the token that is shown: `Authorization: Bearer`, or `x-api-key`; empty if none."""
    kind, _, text = headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "").strip()
