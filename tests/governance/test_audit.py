import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UsageError
from keepwell.core.events import Change
from keepwell.core.references import Ref
from keepwell.governance import AuditReport, verify
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.chaining import link
from keepwell.infrastructure.metadata.store import SqlMetadataStore

Tamper = Callable[[str], None]


@pytest.fixture
def store(record_url: str) -> Iterator[SqlMetadataStore]:
    """Return a record with five events about three subjects, one of them removed."""
    clock = ManualClock(1_700_000_000.123456)
    opened = open_metadata(record_url, clock=clock)
    for name, data in (
        ("a", {"x": 0.1}),
        ("b", {"x": 1e300}),
        ("c", {}),
        ("a", {"x": 2, "é": "\0"}),
    ):
        clock.advance(1)
        opened.commit([Change(ref=Ref("thing", name), verb="changed", data=data, why="a 'test'")])
    opened.commit([Change(ref=Ref("thing", "c"), verb="removed", data=None)])
    yield opened
    opened.close()


@pytest.fixture
def tamper(store: SqlMetadataStore, record_url: str) -> Iterator[Tamper]:
    """Return what somebody with the database's password can do."""
    engine = sa.create_engine(record_url.replace("postgresql:", "postgresql+psycopg:"))

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    yield run
    engine.dispose()


def _seen(report: AuditReport) -> list[tuple[int, str]]:
    return [(finding.seq, finding.what.partition(":")[0]) for finding in report.findings]


CHANGED = "it was changed"
BROKEN = "it does not continue the event before it"
WRONG_STATE = "its state was changed"


def test_it_finds_an_untouched_record_intact(store: SqlMetadataStore) -> None:
    report = verify(store)
    last = store.events()[-1]
    assert report == AuditReport(
        events=5, states=2, head=f"5:{last.hash}", findings=(), intact=True
    )


def test_it_finds_an_empty_record_intact(record_url: str) -> None:
    store = open_metadata(record_url)
    assert verify(store) == AuditReport(
        events=0, states=0, head="0:" + "0" * 64, findings=(), intact=True
    )
    store.close()


@pytest.mark.parametrize(
    "assignment",
    [
        "actor = 'user:eve'", "why = 'another'", "verb = 'promoted'", "time = time + 0.001",
        "data = '{\"x\":1.1e300}'", "data = NULL", "data = 'not json'", "data = '{ \"x\": 1e+300}'",
        "prior = 1", "name = 'z'", "kind = 'other'",
    ],
)  # fmt: skip
def test_it_finds_every_changed_field_of_an_event(
    store: SqlMetadataStore, tamper: Tamper, assignment: str
) -> None:
    tamper(f"UPDATE events SET {assignment} WHERE seq = 2")
    report = verify(store)
    assert not report.intact
    assert (2, CHANGED) in _seen(report)


def test_it_finds_an_event_whose_name_was_moved_into_its_kind(
    store: SqlMetadataStore, tamper: Tamper
) -> None:
    store.commit([Change(ref=Ref("thing", "a:b"), verb="made", data={})])
    tamper("UPDATE events SET kind = 'thing:a', name = 'b' WHERE seq = 6")
    tamper("UPDATE states SET kind = 'thing:a', name = 'b' WHERE seq = 6")
    assert _seen(verify(store)) == [(6, CHANGED)]


def test_it_finds_an_event_with_a_new_hash_by_its_neighbour(
    store: SqlMetadataStore, tamper: Tamper
) -> None:
    event = store.events()[1]
    forged = link(
        seq=2, time=event.time, actor="user:eve", ref="thing:b", verb=event.verb, why=event.why,
        text='{"x":1e+300}', prior=0, previous=event.previous,
    )  # fmt: skip
    tamper(f"UPDATE events SET actor = 'user:eve', hash = '{forged}' WHERE seq = 2")
    assert _seen(verify(store)) == [(3, BROKEN)]


def test_it_finds_removed_events(store: SqlMetadataStore, tamper: Tamper) -> None:
    tamper("DELETE FROM events WHERE seq IN (2, 3)")
    findings = verify(store).findings
    assert (findings[0].seq, findings[0].what) == (4, "events 2 to 3 are missing before this one")
    assert ("thing:b", "its state was added, with no event that says so") in [
        (finding.ref, finding.what) for finding in findings
    ]


def test_it_finds_an_added_event(store: SqlMetadataStore, tamper: Tamper) -> None:
    tamper(
        "INSERT INTO events SELECT 6, time, actor, kind, name, verb, why, data, prior, hash, hash "
        "FROM events WHERE seq = 5"
    )
    assert (6, CHANGED) in _seen(verify(store))


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE states SET data = '{\"x\":0.2}' WHERE name = 'b'", "its state was changed"),
        ("UPDATE states SET seq = 1 WHERE name = 'b'", "its state names another event"),
        ("UPDATE states SET time = time - 1 WHERE name = 'b'", "its state names another event"),
        ("DELETE FROM states WHERE name = 'b'", "its state was removed"),
        ("UPDATE states SET name = 'bb' WHERE name = 'b'", "its state was added"),
        ("INSERT INTO states SELECT kind, 'c', seq, time, data FROM states WHERE name = 'b'",
         "its state was added"),
    ],
)  # fmt: skip
def test_it_finds_states_that_no_event_made(
    store: SqlMetadataStore, tamper: Tamper, statement: str, what: str
) -> None:
    tamper(statement)
    report = verify(store)
    assert what in "; ".join(finding.what for finding in report.findings)
    assert report.events == 5


def test_a_cut_off_end_is_found_by_a_head_kept_elsewhere(
    store: SqlMetadataStore, tamper: Tamper
) -> None:
    head = verify(store).head
    tamper("DELETE FROM events WHERE seq = 5")
    tamper("INSERT INTO states SELECT kind, name, seq, time, data FROM events WHERE seq = 3")
    assert verify(store).intact
    report = verify(store, head)
    assert [finding.what for finding in report.findings] == [
        "the end is missing: the record ends with event 4, the head that was kept is event 5"
    ]


def test_a_history_written_anew_is_found_by_a_head_kept_elsewhere(
    store: SqlMetadataStore, tamper: Tamper
) -> None:
    head = verify(store).head
    tamper("DELETE FROM events WHERE seq >= 4")
    tamper("DELETE FROM states")
    tamper("INSERT INTO states SELECT kind, name, seq, time, data FROM events")
    store.commit([Change(ref=Ref("thing", name), verb="made", data={}) for name in "ab"])
    assert verify(store).intact
    assert [finding.seq for finding in verify(store, head).findings] == [5]


def test_the_record_may_grow_after_a_head_was_kept(store: SqlMetadataStore) -> None:
    head = verify(store).head
    store.commit([Change(ref=Ref("thing", "new"), verb="made", data={})])
    assert verify(store, head).intact


@pytest.mark.parametrize("head", ["5", "x:" + "0" * 64, "5:abc"])
def test_a_head_of_another_form_is_refused(store: SqlMetadataStore, head: str) -> None:
    with pytest.raises(UsageError, match="is not the head"):
        verify(store, head)


def test_it_sees_one_moment_while_others_write(store: SqlMetadataStore) -> None:
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            store.commit(
                [Change(ref=Ref("thing", f"a{number % 7}"), verb="changed", data={"n": number})]
            )

    thread = threading.Thread(target=write)
    thread.start()
    try:
        reports = [verify(store)]
        while reports[-1].events < 40:
            reports.append(verify(store))
    finally:
        done.set()
        thread.join()
    assert all(report.intact for report in reports), reports
