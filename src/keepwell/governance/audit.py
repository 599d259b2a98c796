"""Whether the record is as it was written: no row changed, removed or added behind its back.

Three things are held against each other: each event's hash with its content, each event's link with the
event before it, and each state with the last event of its subject. What this proves, and what it
cannot, stands in `docs/explanation/the-record.md`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import UsageError
from keepwell.core.events import GENESIS
from keepwell.infrastructure.metadata.chaining import link

if TYPE_CHECKING:
    from keepwell.infrastructure.metadata.pages import EventRow, StateRow
    from keepwell.infrastructure.metadata.store import SqlMetadataStore

MOST_FINDINGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where the record is not as it was written.

    Attributes:
        seq: The event it concerns; 0 where it concerns none.
        ref: The subject, `kind:name`; empty where unknown.
        what: One sentence.
    """

    seq: int
    ref: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit saw.

    Attributes:
        events: Events that were read.
        states: States that were read.
        head: `seq:hash` of the last event; kept elsewhere, it makes a cut-off end visible.
        findings: The first thousand, in the order of the chain.
        intact: Nothing was found.
    """

    events: int
    states: int
    head: str
    findings: tuple[Finding, ...]
    intact: bool


def verify(store: "SqlMetadataStore", head: str | None = None) -> AuditReport:
    """Read the whole record as of now and say whether it is intact; writers are not held up.

    Args:
        store: The record.
        head: `seq:hash` of an earlier report, kept where who can change the record cannot change it.

    Raises:
        UsageError: If `head` is not of that form.
    """
    anchor = _parse(head) if head else None
    chain = _Chain(anchor)
    with store.pages() as pages:
        findings = _first(chain.walk(pages.events()), MOST_FINDINGS)
        states = _States(chain.last)
        findings += _first(states.walk(pages.states()), MOST_FINDINGS - len(findings))
    return AuditReport(
        events=chain.events,
        states=states.seen,
        head=f"{chain.seq}:{chain.hash}",
        findings=tuple(findings),
        intact=not findings,
    )


@dataclass(frozen=True, slots=True)
class _Last:
    """What the last event of a subject says about it."""

    seq: int
    time: Any
    digest: bytes | None  # of its data; None if it removed the subject


class _Chain:
    """Walks the events and holds each against the one before."""

    def __init__(self, anchor: tuple[int, str] | None) -> None:
        self._anchor = anchor
        self._time = 0.0
        self.events = 0
        self.seq = 0
        self.hash = GENESIS
        self.last: dict[tuple[str, str], _Last] = {}

    def walk(self, rows: "Iterable[EventRow]") -> Iterator[Finding]:
        for row in rows:
            self.events += 1
            for what in self._complaints(row):
                yield Finding(seq=_number(row.seq), ref=f"{row.kind}:{row.name}", what=what)
            self._advance(row)
        if self._anchor is not None and self._anchor[0] > self.seq:
            yield Finding(
                seq=self._anchor[0],
                ref="",
                what=f"the end is missing: the record ends with event {self.seq}, "
                f"the head that was kept is event {self._anchor[0]}",
            )

    def _complaints(self, row: "EventRow") -> Iterator[str]:
        if row.seq != self.seq + 1:
            gone = (
                f"event {self.seq + 1} is"
                if row.seq == self.seq + 2
                else (f"events {self.seq + 1} to {_number(row.seq) - 1} are")
            )
            yield f"{gone} missing before this one"
        elif row.previous != self.hash:
            yield "it does not continue the event before it"
        if _hash(row) != row.hash or ":" in row.kind:
            yield "it was changed: its content does not give its hash"
        elif row.time < self._time:
            yield "it is earlier than the event before it"
        before = self.last.get((row.kind, row.name))
        if row.prior != (before.seq if before and before.digest else 0):
            yield "it does not name the event that made the state before it"
        if self._anchor is not None and self._anchor[0] == row.seq and self._anchor[1] != row.hash:
            yield "it is not the event whose head was kept: history was written anew"

    def _advance(self, row: "EventRow") -> None:
        self.seq, self.hash = _number(row.seq), str(row.hash)
        self._time = row.time if isinstance(row.time, float) else self._time
        digest = None if row.data is None else _digest(row.data)
        self.last[row.kind, row.name] = _Last(self.seq, row.time, digest)


class _States:
    """Walks the states and holds each against the last event of its subject."""

    def __init__(self, last: dict[tuple[str, str], _Last]) -> None:
        self._expected = {subject: event for subject, event in last.items() if event.digest}
        self.seen = 0

    def walk(self, rows: "Iterable[StateRow]") -> Iterator[Finding]:
        for row in rows:
            self.seen += 1
            event = self._expected.pop((row.kind, row.name), None)
            if what := _complaint(row, event):
                yield Finding(
                    seq=event.seq if event else 0, ref=f"{row.kind}:{row.name}", what=what
                )
        for (kind, name), event in self._expected.items():
            what = "its state was removed, with no event that says so"
            yield Finding(seq=event.seq, ref=f"{kind}:{name}", what=what)


def _complaint(row: "StateRow", event: _Last | None) -> str:
    if event is None:
        return "its state was added, with no event that says so"
    if _digest(row.data) != event.digest:
        return "its state was changed: it is not what its last event says"
    if (row.seq, row.time) != (event.seq, event.time):
        return "its state names another event than its last one"
    return ""


def _hash(row: "EventRow") -> str | None:
    """Return the hash that a row's content gives; None if it is not even of the right types."""
    try:
        return link(
            seq=row.seq,
            time=row.time,
            actor=row.actor,
            ref=f"{row.kind}:{row.name}",
            verb=row.verb,
            why=row.why,
            text=row.data,
            prior=row.prior,
            previous=row.previous,
        )
    except (TypeError, ValueError):
        return None


def _digest(data: Any) -> bytes:
    return hashlib.sha256(str(data).encode(errors="surrogatepass")).digest()


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _first(findings: Iterator[Finding], most: int) -> list[Finding]:
    """Return the first findings, but walk to the end: the walk itself gathers what comes after."""
    kept: list[Finding] = []
    for finding in findings:
        if len(kept) < most:
            kept.append(finding)
    return kept


def _parse(head: str) -> tuple[int, str]:
    seq, _, digest = head.strip().partition(":")
    if not seq.isdigit() or len(digest) != len(GENESIS):
        raise UsageError(
            f"'{head}' is not the head of a record",
            why="a head is the number and the hash of an event",
            now="pass what an earlier `keepwell audit verify` printed, such as 812:9f2c…",
        )
    return int(seq), digest
