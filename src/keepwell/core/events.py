"""Every change of state is an event.

A `Change` is what somebody wants: the new state of one subject, and why. The metadata store turns it
into an `Event` (numbered, timed, chained by hash) and into the subject's new `State`, in one
transaction. The event holds the whole new state, so "how was it at time t" is the last event before
t, and the audit can compare every state with the event that made it.
"""

import contextlib
import contextvars
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keepwell.core.references import Ref

GENESIS = "0" * 64
"""What the first event's `previous` holds."""

_actor: contextvars.ContextVar[str] = contextvars.ContextVar("actor", default="system")


@contextlib.contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Name who is acting in this context: `user:ana`, `api:key-3`, `loop`, `system`."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> str:
    """Return who is acting; `system` where nobody said."""
    return _actor.get()


@dataclass(frozen=True, slots=True)
class Fence:
    """On whose authority something is done: the holder of a lease, by the token it got with it.

    A later holder has a higher token. What is written under a fence whose token is not the newest any
    more is refused, in the transaction that would have written it.
    """

    lease: str
    token: int


_fence: contextvars.ContextVar[Fence | None] = contextvars.ContextVar("fence", default=None)


@contextlib.contextmanager
def fenced_by(fence: Fence | None) -> Iterator[None]:
    """Let everything that this context writes depend on a lease that is still held."""
    token = _fence.set(fence)
    try:
        yield
    finally:
        _fence.reset(token)


def current_fence() -> Fence | None:
    """Return what this context's writes depend on; None where they depend on nothing."""
    return _fence.get()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A wish to change one subject.

    Attributes:
        ref: The subject.
        verb: What happens to it, past participle: `created`, `promoted`, `closed`.
        data: Its whole new state, JSON-ready; None removes the subject.
        why: The reason, for the reader of the audit.
        expected: The `seq` of the subject's state that this change was made from: 0 for "must not
            exist yet", None for "whatever it is". On a mismatch nothing is written and the store
            raises `ConflictError`.
    """

    ref: Ref
    verb: str
    data: Mapping[str, Any] | None
    why: str = ""
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state of one subject, as the event number `seq` left it."""

    ref: Ref
    seq: int
    time: float
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change that happened, chained to the one before it.

    Attributes:
        seq: Its place in the one order of all events, from 1 without gaps.
        time: Unix seconds.
        actor: Who did it.
        ref: The subject.
        verb: What happened to it.
        why: The reason given.
        data: The subject's whole new state; None if it was removed.
        prior: `seq` of the event that made the subject's state before this one; 0 if none.
        previous: Hash of the event `seq - 1`.
        hash: SHA-256 over all the above.
    """

    seq: int
    time: float
    actor: str
    ref: Ref
    verb: str
    why: str
    data: Mapping[str, Any] | None
    prior: int
    previous: str
    hash: str


def canonical(data: Any) -> str:
    """Return the one JSON text of `data`: sorted keys, no spaces, no NaN."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def chain_hash(  # noqa: PLR0913 (each is a field of the event, in its order)
    *,
    seq: int,
    time: float,
    actor: str,
    ref: Ref,
    verb: str,
    why: str,
    data: Mapping[str, Any] | None,
    prior: int,
    previous: str,
) -> str:
    """Return the hash that an event with these fields must carry."""
    body = canonical([seq, time, actor, str(ref), verb, why, data, prior, previous])
    return hashlib.sha256(body.encode()).hexdigest()
