"""One leads; another takes over within the lease's time; who lost it does nothing more."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.clock import ManualClock
from keepwell.core.errors import LostLeaseError, StorageError
from keepwell.core.events import Change, fenced_by
from keepwell.core.ports import Lease
from keepwell.core.references import Ref
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.operations.leadership import Leadership, Place, fenced, leader_of, record_leader


class Watch:
    """A process's two clocks, moved by hand."""

    def __init__(self) -> None:
        self.steady = self.running = 0.0

    def pass_(self, seconds: float) -> None:
        self.steady += seconds
        self.running += seconds


def process(store: SqlMetadataStore, name: str, ttl: float = 15.0) -> tuple[Leadership, Watch]:
    watch = Watch()
    place = Place(key=name, told=f"{name} (process 1)")
    leadership = Leadership(
        store.leases,
        place,
        ttl=ttl,
        steady=lambda: watch.steady,
        running=lambda: watch.running,
    )
    return leadership, watch


@pytest.fixture
def store(tmp_path: Path) -> SqlMetadataStore:
    return open_metadata(f"sqlite:///{tmp_path}/record.db", clock=ManualClock(1000.0))


def test_the_first_leads_and_the_second_follows(store: SqlMetadataStore) -> None:
    (first, _), (second, watch) = process(store, "web-1"), process(store, "web-2")
    assert first.look()
    assert not second.look()
    for _ in range(20):
        watch.pass_(3.0)
        assert first.look()
        assert not second.look()


def test_a_follower_takes_over_when_the_lease_stood_still_for_its_time(
    store: SqlMetadataStore,
) -> None:
    (first, _), (second, watch) = process(store, "web-1"), process(store, "web-2")
    first.look()
    second.look()
    watch.pass_(14.9)
    assert not second.look()
    watch.pass_(0.2)
    assert second.look()


def test_a_lead_given_back_is_taken_at_once(store: SqlMetadataStore) -> None:
    (first, _), (second, _) = process(store, "web-1"), process(store, "web-2")
    first.look()
    first.close()
    assert not first.leading
    assert second.look()


def test_a_process_started_anew_in_its_place_need_not_wait(store: SqlMetadataStore) -> None:
    killed, _ = process(store, "web-1")
    killed.look()
    again, _ = process(store, "web-1")
    assert again.look()
    assert not killed.look(), "had it not been dead, it would know"


def test_a_paused_leader_stops_before_a_follower_begins(store: SqlMetadataStore) -> None:
    (first, slow), (second, watch) = process(store, "web-1"), process(store, "web-2")
    first.look()
    second.look()
    slow.pass_(10.0)
    assert not first.leading
    with pytest.raises(LostLeaseError, match="does not lead"):
        first.fence()
    watch.pass_(10.0)
    assert not second.look(), "nobody leads for a while, never two"


def test_a_leader_whose_pause_its_clock_did_not_see_is_stopped_by_the_record(
    store: SqlMetadataStore,
) -> None:
    (first, _), (second, watch) = process(store, "web-1"), process(store, "web-2")
    first.look()
    fence = first.fence()
    second.look()
    watch.pass_(15.0)
    second.look()
    assert first.leading, "it believes so: its own clock stood still"
    with fenced_by(fence), pytest.raises(LostLeaseError, match="in other hands"):
        store.commit([Change(ref=Ref("thing", "a"), verb="made", data={})])
    with pytest.raises(LostLeaseError, match="does not lead") as refusal:
        first.check()
    assert "web-2" in refusal.value.why
    assert not first.leading


def test_work_of_the_leader_alone_stops_with_the_lead(
    store: SqlMetadataStore, caplog: pytest.LogCaptureFixture
) -> None:
    (first, _), (second, watch) = process(store, "web-1"), process(store, "web-2")
    done: list[str] = []

    def work() -> None:
        store.commit([Change(ref=Ref("thing", f"{len(done)}"), verb="made", data={})])
        done.append("done")

    led = first.only(work)
    led()
    assert done == []
    first.look()
    led()
    assert done == ["done"]
    second.look()
    watch.pass_(15.0)
    second.look()
    led()
    assert done == ["done"]
    assert "left to the process that leads now" in caplog.text


def test_effects_ask_before_they_begin(store: SqlMetadataStore) -> None:
    class Hands:
        called = 0

        def start(self, what: str, *, why: str) -> str:
            self.called += 1
            return f"{what}: {why}"

    hands = Hands()
    (first, _), (second, watch) = process(store, "web-1"), process(store, "web-2")
    first.look()
    careful = fenced(hands, first.check)
    assert careful.start("training", why="drift") == "training: drift"
    second.look()
    watch.pass_(15.0)
    second.look()
    with pytest.raises(LostLeaseError):
        careful.start("training", why="drift")
    assert hands.called == 1


def test_a_record_that_is_away_costs_the_lead_only_when_it_can_no_longer_be_trusted(
    store: SqlMetadataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    leadership, watch = process(store, "web-1")
    leadership.look()
    with monkeypatch.context() as patch:

        def away(lease: Lease) -> Lease:
            raise StorageError("the database is away")

        patch.setattr(store.leases, "renew", away)
        watch.pass_(3.0)
        with pytest.raises(StorageError):
            leadership.look()
        assert leadership.leading
        watch.pass_(8.0)
        assert not leadership.leading
    assert leadership.look(), "nobody took it meanwhile"
    assert leadership.fence().token == 1


def test_who_takes_over_forgets_what_it_knew(store: SqlMetadataStore) -> None:
    (first, slow), (second, watch) = process(store, "web-1"), process(store, "web-2")
    forgotten: list[str] = []
    first.on_taken.append(lambda: forgotten.append("web-1"))
    first.look()
    second.look()
    watch.pass_(15.0)
    second.look()
    assert not first.look()
    second.close()
    slow.pass_(60.0)
    assert first.look()
    assert forgotten == ["web-1", "web-1"]


def test_it_is_told_who_leads(store: SqlMetadataStore) -> None:
    here = Place(key="web-1", told="")
    assert leader_of(store.leases, here, 1000.0) is None
    leadership, _ = process(store, "web-1")
    leadership.look()
    found = leader_of(store.leases, here, 1002.0)
    assert found is not None
    assert (found.here, found.token, found.quiet, found.late) == (True, 1, 2.0, False)
    elsewhere = leader_of(store.leases, Place(key="web-2", told=""), 1000.0 + 90.0)
    assert str(elsewhere) == "web-1 (process 1), not heard of for 90 s"
    assert leader_of(store.leases, here, -7200.0) is not None, "a clock that was set back says 0 s"
    leadership.close()
    assert leader_of(store.leases, here, 1000.0) is None


def test_the_audit_tells_who_led_when(store: SqlMetadataStore) -> None:
    for name in ("web-1", "web-2"):
        leadership = Leadership(
            store.leases,
            Place(key=name, told=name),
            announce=lambda lease: record_leader(store, lease),
        )
        leadership.look()
        leadership.close()
    events = store.events(kind="leader")
    assert [(one.verb, one.why, one.data) for one in events] == [
        ("took over", "web-1", {"told": "web-1", "token": 1}),
        ("took over", "web-2", {"told": "web-2", "token": 2}),
    ]


def test_a_place_is_the_same_for_the_same_folder_only(tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    assert Place.here(one).key == Place.here(one, "http://127.0.0.1:4400").key
    assert Place.here(one).key != Place.here(other).key


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),  # whose turn it is
        st.sampled_from([0.0, 1.0, 4.0, 11.0, 16.0]),  # how long it was away before that …
        st.booleans(),  # … without its clocks noticing (a paused machine)
        st.sampled_from(["look", "write", "close"]),
    ),
    max_size=40,
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_whatever_is_paused_and_for_how_long_nobody_writes_after_another_took_over(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, float, bool, str]],
) -> None:
    store = open_metadata(f"sqlite:///{tmp_path_factory.mktemp('lease')}/record.db")
    crew = [process(store, f"web-{number}") for number in range(3)]
    tokens: list[int] = []
    for who, seconds, unnoticed, verb in steps:
        leadership, watch = crew[who]
        if not unnoticed:
            watch.pass_(seconds)
        if verb == "look":
            leadership.look()
        elif verb == "close":
            leadership.close()
        elif leadership.leading:
            fence = leadership.fence()
            try:
                with fenced_by(fence):
                    store.commit([Change(ref=Ref("thing", "a"), verb="made", data={})])
            except LostLeaseError:
                continue
            tokens.append(fence.token)
    assert tokens == sorted(tokens), "an earlier leader wrote after a later one"
    store.close()
