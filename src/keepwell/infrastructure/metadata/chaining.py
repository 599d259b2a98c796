"""The text that is hashed, and the link from one event to the next.

`core.events.chain_hash` says what the hash is; here it is computed from the stored text of `data`, so
that what was hashed is, byte for byte, what lies in the database.
"""

import hashlib
import json
from dataclasses import dataclass

from keepwell.core.errors import UsageError
from keepwell.core.events import Change, canonical
from keepwell.core.references import Ref


@dataclass(frozen=True, slots=True)
class Wish:
    """A `Change` that was checked and put into the form it is stored in."""

    ref: Ref
    verb: str
    why: str
    text: str | None
    expected: int | None


def prepare(change: Change) -> Wish:
    """Return the stored form of a change.

    Raises:
        UsageError: If its data is not JSON-ready or a name holds what no database takes.
    """
    for part in (change.ref.kind, change.ref.name, change.verb):
        if not part or part != clean(part) or ":" in change.ref.kind:
            raise UsageError(
                f"{str(change.ref)!r} cannot be recorded",
                why="kind, name and verb must be text that is not empty, without NUL and without "
                "characters that UTF-8 cannot hold; a kind has no colon",
            )
    try:
        text = None if change.data is None else canonical(change.data)
        if text is not None:
            text.encode()
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the state of {change.ref} cannot be recorded",
            why=f"{error}; it must be made of strings, finite numbers, booleans, None, lists and dicts",
            now="pass the record through `infrastructure.codec.to_plain`",
        ) from error
    return Wish(change.ref, change.verb, clean(change.why), text, change.expected)


def clean(text: str) -> str:
    """Return `text` with what no database takes (NUL, lone surrogates) replaced by `?`."""
    return text.replace("\0", "?").encode(errors="replace").decode()


def link(  # noqa: PLR0913 (each is a field of the event, in its order)
    *,
    seq: int,
    time: float,
    actor: str,
    ref: str,
    verb: str,
    why: str,
    text: str | None,
    prior: int,
    previous: str,
) -> str:
    """Return the hash of an event whose data is the canonical JSON `text`."""
    words = ",".join(json.dumps(word, ensure_ascii=False) for word in (actor, ref, verb, why))
    body = f'[{seq},{float(time)!r},{words},{text or "null"},{prior},"{previous}"]'
    return hashlib.sha256(body.encode()).hexdigest()
