"""A token lets one consumer ask for predictions, for so much and no more."""

from dataclasses import dataclass

SCOPES = ("predict", "explain", "feedback", "import", "signal")
"""What a token may allow: asking for predictions, for explanations, telling outcomes, handing in
predictions that were made elsewhere, and telling what another monitoring system saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One consumer's key to the endpoints. The secret itself is never stored.

    Attributes:
        id: Its public part, by which it is found.
        name: The consumer; stands as the caller in the prediction log.
        digest: SHA-256 of the secret part, hexadecimal.
        scopes: What it allows, of `SCOPES`.
        endpoints: At which endpoints; all if empty.
        rate: Requests a second, over all workers; no limit if None.
        burst: Requests that may come at once.
        quota: Rows a day (UTC), over all workers; no limit if None.
        created: Unix seconds.
        roles: What it may agree to in the loop: a rule's, or the project's, `approval:` names one.
        expires: From when it is no longer taken; never if None.
        revoked: When it was taken back; None while it is good.
    """

    id: str
    name: str
    digest: str
    scopes: tuple[str, ...] = ("predict",)
    endpoints: tuple[str, ...] = ()
    rate: float | None = None
    burst: int = 1
    quota: int | None = None
    created: float = 0.0
    expires: float | None = None
    revoked: float | None = None
    roles: tuple[str, ...] = ()
