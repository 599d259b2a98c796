"""Tokens of consumers: made once, shown once, limited, taken back; each change an event.

token, text = tokens.create("web-shop", scopes=("predict",), rate=100)
text                                   # "kw_01k…_6f1…": shown now and never again
tokens.revoke("web-shop", why="leaked")
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError, NotFoundError, UsageError
from keepwell.core.identifiers import new_id
from keepwell.core.ports import MetadataStore
from keepwell.core.records import SCOPES, Token
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.metadata import Collection

_SECRET_BYTES = 24  # 192 random bits: nothing to guess, so a plain digest is enough


class Tokens:
    """All tokens, those that were taken back included.

    Args:
        metadata: The record.
        clock: Tells when one was made, and which have expired.
    """

    def __init__(self, metadata: MetadataStore, clock: Clock) -> None:
        self._records = Collection(metadata, "token", Token, name=lambda one: one.id)
        self._clock = clock

    def find(self) -> list[Token]:
        """Return all tokens, the newest first."""
        return sorted(self._records.find(), key=lambda one: one.id, reverse=True)

    def good(self) -> list[Token]:
        """Return the tokens that are taken at present or will be: not revoked, not expired."""
        now = self._clock.now()
        return [
            one
            for one in self.find()
            if one.revoked is None and (one.expires is None or one.expires > now)
        ]

    def allows(self, text: str, scope: str) -> bool:
        """Tell whether a token's text is that of a good one, for everything of a scope."""
        parts = text.split("_", 2)
        secret = digest_of(parts[-1])
        return any(
            one.id == parts[1]
            and hmac.compare_digest(one.digest, secret)
            and scope in one.scopes
            and not one.endpoints
            for one in (self.good() if len(parts) > 2 else ())  # noqa: PLR2004 (kw, id, secret)
        )

    def holder(self, text: str) -> Token | None:
        """Return the good token of a text; None if there is none."""
        parts = text.split("_", 2)
        if len(parts) <= 2:  # noqa: PLR2004 (kw, id, secret)
            return None
        secret = digest_of(parts[-1])
        return next(
            (
                one
                for one in self.good()
                if one.id == parts[1] and hmac.compare_digest(one.digest, secret)
            ),
            None,
        )

    def create(  # noqa: PLR0913 (each is a choice of whoever makes one)
        self,
        name: str,
        *,
        scopes: Sequence[str] = ("predict",),
        endpoints: Sequence[str] = (),
        rate: float | None = None,
        burst: int | None = None,
        quota: int | None = None,
        lifetime: float | None = None,
        roles: Sequence[str] = (),
    ) -> tuple[Token, str]:
        """Return a new token and its text, which cannot be had again.

        Args:
            name: The consumer that it is for.
            scopes: What it allows.
            endpoints: Where; everywhere if empty.
            rate: Requests a second.
            burst: Requests at once; as many as a second's unless said.
            quota: Rows a day.
            lifetime: Seconds until it expires.
            roles: What it may agree to in the loop.

        Raises:
            UsageError: If a scope is unknown or a limit is not above 0.
            ConflictError: If that consumer has a good token already.
        """
        _check(name, scopes, rate, burst, quota, lifetime)
        if any(one.name == name for one in self.good()):
            raise ConflictError(
                f"'{name}' has a token already",
                why="one consumer has one token, so that what it does can be told and stopped",
                now=f"keepwell tokens revoke {name}, or choose another name",
            )
        now = self._clock.now()
        secret = secrets.token_hex(_SECRET_BYTES)
        token = Token(
            id=new_id(now).lower(),
            name=name,
            digest=digest_of(secret),
            scopes=tuple(scopes),
            endpoints=tuple(endpoints),
            rate=rate,
            burst=burst or max(1, round(rate or 1)),
            quota=quota,
            roles=tuple(roles),
            created=now,
            expires=None if lifetime is None else now + lifetime,
        )
        self._records.write(token, "created", f"for {name}")
        return token, f"kw_{token.id}_{secret}"

    def revoke(self, token: str, why: str = "") -> Token:
        """Take a token back, named by its id or its consumer; workers refuse it within a second.

        Raises:
            NotFoundError: If there is no good token of that name.
        """
        good = self.good()
        found = next((one for one in good if token in (one.id, one.name)), None)
        if found is None:
            names = [one.name for one in good]
            raise NotFoundError(
                f"there is no token '{token}' that could be revoked",
                why=f"good ones: {', '.join(names) or 'none'}",
                now=did_you_mean(token, names) or "keepwell tokens lists them",
            )
        ended = replace(found, revoked=self._clock.now())
        self._records.write(ended, "revoked", why)
        return ended


def digest_of(secret: str) -> str:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(
    name: str,
    scopes: Sequence[str],
    rate: float | None,
    burst: int | None,
    quota: int | None,
    lifetime: float | None,
) -> None:
    if not name.strip() or not name.isprintable():
        raise UsageError("a token needs the name of its consumer", now="for example web-shop")
    for scope in scopes:
        if scope not in SCOPES:
            raise UsageError(
                f"there is no scope '{scope}'",
                why=f"there are: {', '.join(SCOPES)}",
                now=did_you_mean(scope, SCOPES) or "leave it out for predict",
            )
    limits = {"rate": rate, "burst": burst, "quota": quota, "lifetime": lifetime}
    for limit, value in limits.items():
        if value is not None and value <= 0:
            raise UsageError(
                f"the {limit} of '{name}' is {value:g}",
                why="a limit is above 0",
                now="leave it out for no limit",
            )
