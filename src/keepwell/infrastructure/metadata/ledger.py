"""The end of the chain inside one write transaction: changes go in, events and states come out."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.core.events import GENESIS, Event
from keepwell.core.references import Ref
from keepwell.infrastructure.metadata.chaining import Wish, link
from keepwell.infrastructure.metadata.schema import events, states

_HEAD = sa.select(events.c.seq, events.c.time, events.c.hash).order_by(events.c.seq.desc()).limit(1)
_MOST_REFS = 400  # per query: two variables each


class Ledger:
    """Extends the chain. Nothing reaches the database before `flush`.

    Args:
        connection: A transaction that no other writer is in at the same time.
        now: Tells the time.
        refs: Every subject that may be changed.
    """

    def __init__(
        self, connection: sa.Connection, now: Callable[[], float], refs: Iterable[Ref]
    ) -> None:
        self._connection = connection
        self._now = now
        head = connection.execute(_HEAD).first()
        self._seq, self._time, self._hash = (0, 0.0, GENESIS) if head is None else tuple(head)
        self._seqs = self._present(sorted(set(refs)))
        self._events: list[dict[str, Any]] = []
        self._states: dict[Ref, dict[str, Any] | None] = {}

    def extend(self, wishes: Sequence[Wish], actor: str) -> list[Event]:
        """Turn the changes of one commit into events, all or none.

        Raises:
            ConflictError: If an `expected` does not hold.
            NotFoundError: If a subject is to be removed that is not there.
        """
        ahead: dict[Ref, int] = {}  # what the earlier changes of this commit will have done
        for seq, wish in enumerate(wishes, self._seq + 1):
            _check(wish, ahead.get(wish.ref, self._seqs.get(wish.ref, 0)))
            ahead[wish.ref] = 0 if wish.text is None else seq
        # Time never runs backwards along the chain, whatever the clocks of the writers say.
        self._time = max(float(self._now()), self._time)
        return [self._append(wish, actor) for wish in wishes]

    def flush(self) -> tuple[int, str] | None:
        """Write the events and the states that they leave; return the new end of the chain, if any."""
        if not self._events:
            return None
        self._connection.execute(sa.insert(events), self._events)
        kept = [row for row in self._states.values() if row is not None]
        gone = [
            {"gone_kind": ref.kind, "gone_name": ref.name}
            for ref, row in self._states.items()
            if row is None
        ]
        if kept:
            self._connection.execute(self._upsert(), kept)
        if gone:
            subject = (states.c.kind == sa.bindparam("gone_kind")) & (
                states.c.name == sa.bindparam("gone_name")
            )
            self._connection.execute(sa.delete(states).where(subject), gone)
        return self._seq, self._hash

    def _present(self, refs: Sequence[Ref]) -> dict[Ref, int]:
        found: dict[Ref, int] = {}
        subject = sa.tuple_(states.c.kind, states.c.name)
        for start in range(0, len(refs), _MOST_REFS):
            some = [(ref.kind, ref.name) for ref in refs[start : start + _MOST_REFS]]
            rows = self._connection.execute(
                sa.select(states.c.kind, states.c.name, states.c.seq).where(subject.in_(some))
            )
            found.update({Ref(kind, name): seq for kind, name, seq in rows})
        return found

    def _append(self, wish: Wish, actor: str) -> Event:
        ref, prior = wish.ref, self._seqs.get(wish.ref, 0)
        seq, time, previous = self._seq + 1, self._time, self._hash
        digest = link(
            seq=seq,
            time=time,
            actor=actor,
            ref=str(ref),
            verb=wish.verb,
            why=wish.why,
            text=wish.text,
            prior=prior,
            previous=previous,
        )
        row = {
            "seq": seq, "time": time, "actor": actor, "kind": ref.kind, "name": ref.name,
            "verb": wish.verb, "why": wish.why, "data": wish.text, "prior": prior,
            "previous": previous, "hash": digest,
        }  # fmt: skip
        self._events.append(row)
        self._states[ref] = (
            None if wish.text is None else {key: row[key] for key in states.columns.keys()}  # noqa: SIM118
        )
        self._seqs[ref] = 0 if wish.text is None else seq
        self._seq, self._hash = seq, digest
        return event_of(row)

    def _upsert(self) -> Any:
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(states)
        new = {name: insert.excluded[name] for name in ("seq", "time", "data")}
        return insert.on_conflict_do_update(index_elements=["kind", "name"], set_=new)


def event_of(row: Any) -> Event:
    """Return the event that a row of `events` holds."""
    text = row["data"]
    return Event(
        seq=row["seq"],
        time=row["time"],
        actor=row["actor"],
        ref=Ref(row["kind"], row["name"]),
        verb=row["verb"],
        why=row["why"],
        data=None if text is None else msgspec.json.decode(text),
        prior=row["prior"],
        previous=row["previous"],
        hash=row["hash"],
    )


def _check(wish: Wish, present: int) -> None:
    if wish.expected is not None and wish.expected != present:
        raise ConflictError(
            f"{wish.ref} was changed by somebody else",
            why=f"the change was made from event {wish.expected}, the present state is "
            + (f"of event {present}" if present else "that it does not exist"),
            now="read it again, and repeat the change if it still makes sense",
            details={"ref": str(wish.ref), "expected": wish.expected, "present": present},
        )
    if wish.text is None and not present:
        raise NotFoundError(f"there is no {wish.ref} to remove")
