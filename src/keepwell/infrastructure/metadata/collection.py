"""The typed door on a metadata store: one kind of record."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from keepwell.core.errors import NotFoundError
from keepwell.core.events import Change, Event
from keepwell.core.ports import MetadataStore
from keepwell.core.references import Ref
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.codec import from_plain, to_plain

T = TypeVar("T")

_WORTH_COMPARING = 1000  # newest names that a suggestion is chosen from


class Collection(Generic[T]):
    """All records of one kind, as the class they are.

    Args:
        store: Where they are kept.
        kind: The kind in their references.
        type: Their class.
        name: How a record's name is told from it; `record.key` unless said otherwise.
    """

    def __init__(
        self,
        store: MetadataStore,
        kind: str,
        type: type[T],
        name: Callable[[T], str] | None = None,
    ) -> None:
        self.store = store
        self.kind = kind
        self.type = type
        self._name: Callable[[Any], str] = name or (lambda record: record.key)

    def get(self, name: str, at: float | None = None) -> T | None:
        """Return a record, now or as of a time; None if it did not exist then."""
        state = self.store.read(Ref(self.kind, name), at=at)
        return None if state is None else from_plain(self.type, state.data)

    def read(self, name: str, at: float | None = None) -> T:
        """Return a record, now or as of a time.

        Raises:
            NotFoundError: If it did not exist then; a close name is suggested.
        """
        record = self.get(name, at)
        if record is None:
            raise self._missing(name, at)
        return record

    def find(self, under: str = "", at: float | None = None, limit: int | None = None) -> list[T]:
        """Return records, last changed first; `under` keeps names that start with it."""
        states = self.store.find(self.kind, under=under, at=at, limit=limit)
        return [from_plain(self.type, state.data) for state in states]

    def write(self, record: T, verb: str, why: str = "", expected: int | None = None) -> Event:
        """Make `record` the state of its name; see `Change` for `expected`.

        Raises:
            ConflictError: If `expected` does not hold.
        """
        return self.store.commit([self.change(record, verb, why, expected)])[0]

    def seq(self, name: str) -> int:
        """Return the `seq` of a name's present state, to be handed in as `expected`; 0 if none."""
        state = self.store.read(Ref(self.kind, name))
        return 0 if state is None else state.seq

    def change(self, record: T, verb: str, why: str = "", expected: int | None = None) -> Change:
        """Return the change that `write` would commit, to be committed together with others."""
        return Change(
            ref=Ref(self.kind, self._name(record)),
            verb=verb,
            data=to_plain(record),
            why=why,
            expected=expected,
        )

    def _missing(self, name: str, at: float | None) -> NotFoundError:
        noun = self.kind.replace("_", " ")
        newest = self.store.find(self.kind, at=at, limit=_WORTH_COMPARING)
        names = [state.ref.name for state in newest]
        return NotFoundError(
            f"there is no {noun} '{name}'" + ("" if at is None else " at that time"),
            why=f"the newest: {', '.join(names[:5])}" if names else f"there is no {noun} at all",
            now=did_you_mean(name, names),
            details={"kind": self.kind, "name": name},
        )
