"""The laws of `MetadataStore`; `make(clock)` opens the store at one fresh place."""

# ruff: noqa: D103, PLR2004 (a law's name is its sentence, its numbers are its example)

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from keepwell.core.clock import Clock, ManualClock
from keepwell.core.errors import ConflictError, NotFoundError, UsageError
from keepwell.core.events import GENESIS, Change, acting_as, chain_hash
from keepwell.core.ports import MetadataStore
from keepwell.core.references import Ref
from keepwell.testing.laws import refused

Make = Callable[[Clock], MetadataStore]

_AWKWARD: dict[str, Any] = {
    "float": 0.1 + 0.2,
    "tiny": 5e-324,
    "whole": 1.0,
    "big": 2**70,
    "text": "naïve 🐋 \x00 \u2028 ' \" \\",
    "": None,
    "nested": {"z": [1, {"a": []}], "a": True},
}


def _change(name: str, data: Mapping[str, Any] | None = None, **more: Any) -> Change:
    return Change(ref=Ref("thing", name), verb="changed", data=data or {"of": name}, **more)


def _gone(name: str) -> Change:
    return Change(ref=Ref("thing", name), verb="removed", data=None)


def a_new_store_is_empty(make: Make) -> None:
    store = make(ManualClock())
    assert store.events() == []
    assert store.find("thing") == []
    assert store.read(Ref("thing", "a")) is None
    assert store.commit([]) == []
    store.close()


def a_commit_tells_who_did_what_when_and_why(make: Make) -> None:
    store = make(ManualClock(12.5))
    with acting_as("user:ana"):
        (event,) = store.commit([_change("a", {"x": 1}, why="because")])
    assert (event.seq, event.time, event.actor, str(event.ref)) == (1, 12.5, "user:ana", "thing:a")
    assert (event.verb, event.why, event.data) == ("changed", "because", {"x": 1})
    assert store.events() == [event]
    store.close()


def a_state_is_what_its_last_event_says(make: Make) -> None:
    store = make(ManualClock())
    for value in range(3):
        event = store.commit([_change("a", {"x": value})])[0]
        state = store.read(Ref("thing", "a"))
        assert state is not None
        assert (state.seq, state.time, state.data) == (event.seq, event.time, event.data)
    assert [event.prior for event in store.events()] == [0, 1, 2]
    store.close()


def events_are_chained_and_numbered_without_gaps(make: Make) -> None:
    store = make(ManualClock(1.1))
    store.commit([_change("a", _AWKWARD, why="ünï\ncode"), _change("b"), _gone("a")])
    store.commit([_change("a", _AWKWARD)])
    previous = GENESIS
    for seq, event in enumerate(store.events(), 1):
        assert (event.seq, event.previous) == (seq, previous)
        previous = chain_hash(
            seq=event.seq,
            time=event.time,
            actor=event.actor,
            ref=event.ref,
            verb=event.verb,
            why=event.why,
            data=event.data,
            prior=event.prior,
            previous=event.previous,
        )
        assert event.hash == previous
    store.close()


def awkward_values_come_back_as_they_were(make: Make) -> None:
    store = make(ManualClock())
    store.commit([_change("a/'quoted' 🐋", _AWKWARD)])
    state = store.read(Ref("thing", "a/'quoted' 🐋"))
    assert state is not None
    assert state.data == _AWKWARD
    assert repr(state.data["whole"]) == "1.0"
    store.close()


def what_was_committed_is_there_when_it_is_opened_again(make: Make) -> None:
    store = make(ManualClock(3.0))
    written = store.commit([_change("a"), _change("b")])
    store.close()
    again = make(ManualClock(4.0))
    assert again.events() == written
    assert again.commit([_change("c")])[0].previous == written[-1].hash
    again.close()


def a_second_store_sees_what_the_first_committed(make: Make) -> None:
    first, second = make(ManualClock()), make(ManualClock())
    first.commit([_change("a", {"x": 1})])
    second.commit([_change("a", {"x": 2})])
    state = first.read(Ref("thing", "a"))
    assert state is not None
    assert state.data == {"x": 2}
    assert [event.seq for event in second.events()] == [1, 2]
    first.close()
    second.close()


def a_conflict_writes_nothing(make: Make) -> None:
    store = make(ManualClock())
    store.commit([_change("a")])
    with refused(ConflictError):
        store.commit([_change("b"), _change("a", expected=7)])
    with refused(ConflictError):
        store.commit([_change("a", expected=0)])
    with refused(ConflictError):
        store.commit([_change("new", expected=1)])
    assert [event.seq for event in store.events()] == [1]
    assert store.read(Ref("thing", "b")) is None
    store.commit([_change("a", expected=1), _change("c", expected=0)])
    assert len(store.events()) == 3
    store.close()


def changes_of_one_commit_build_on_each_other(make: Make) -> None:
    store = make(ManualClock())
    store.commit([_change("a", expected=0), _change("a", {"x": 2}, expected=1), _gone("a")])
    assert store.read(Ref("thing", "a")) is None
    assert [event.prior for event in store.events()] == [0, 1, 2]
    assert store.commit([_change("a", expected=0)])[0].prior == 0
    store.close()


def what_is_not_there_cannot_be_removed(make: Make) -> None:
    store = make(ManualClock())
    with refused(NotFoundError):
        store.commit([_change("b"), _gone("a")])
    assert store.events() == []
    store.close()


def a_state_that_is_not_json_is_refused(make: Make) -> None:
    store = make(ManualClock())
    for data in ({"x": float("nan")}, {"x": object()}, {"x": "\ud800"}):
        with refused(UsageError):
            store.commit([_change("good"), _change("bad", data)])
    for ref in (Ref("thing", ""), Ref("", "a"), Ref("thing", "a\0"), Ref("th:ing", "a")):
        with refused(UsageError):
            store.commit([Change(ref=ref, verb="changed", data={})])
    assert store.events() == []
    store.close()


def reasons_may_hold_any_text(make: Make) -> None:
    store = make(ManualClock())
    store.commit([_change("a", why="NUL \0 and half a pair \ud800")])
    assert store.events()[0].why == "NUL ? and half a pair ?"
    store.close()


def the_past_can_be_read(make: Make) -> None:
    clock = ManualClock(10.0)
    store = make(clock)
    store.commit([_change("a", {"x": 1}), _change("b")])
    clock.advance(10)
    store.commit([_change("a", {"x": 2}), _gone("b")])
    clock.advance(10)
    store.commit([_change("b", {"x": 3}), _change("c")])

    def at(time: float) -> dict[str, Any]:
        return {state.ref.name: state.data for state in store.find("thing", at=time)}

    assert at(9.9) == {}
    assert at(10.0) == at(19.9) == {"a": {"x": 1}, "b": {"of": "b"}}
    assert at(20.0) == {"a": {"x": 2}}
    assert at(30.0) == {"a": {"x": 2}, "b": {"x": 3}, "c": {"of": "c"}}
    for time in (9.9, 10.0, 20.0, 30.0):
        for name in "abc":
            state = store.read(Ref("thing", name), at=time)
            assert (state and state.data) == at(time).get(name)
    store.close()


def time_never_runs_backwards_along_the_chain(make: Make) -> None:
    late, early = make(ManualClock(100.0)), make(ManualClock(1.0))
    late.commit([_change("a")])
    assert early.commit([_change("b")])[0].time == 100.0
    late.close()
    early.close()


def states_are_found_last_changed_first(make: Make) -> None:
    clock = ManualClock(1.0)
    store = make(clock)
    store.commit([_change("a"), _change("b"), _change("c")])
    store.commit([_change("a"), Change(ref=Ref("other", "z"), verb="made", data={})])
    for at in (None, 1.0):
        assert [state.ref.name for state in store.find("thing", at=at)] == ["a", "c", "b"]
        assert [state.ref.name for state in store.find("thing", limit=2, at=at)] == ["a", "c"]
    store.close()


def a_branch_of_names_is_found_by_its_beginning(make: Make) -> None:
    store = make(ManualClock(1.0))
    names = [
        "churn/1",
        "churn/10",
        "churn2/1",
        "Churn/1",
        "churn",
        "ch%rn/1",
        "é/1",
        "\U0010ffff/1",
        "\ud7ff1",
    ]
    store.commit([_change(name) for name in names])
    for under in ("churn/", "churn", "ch%", "c_", "é", "\U0010ffff", "\ud7ff", "", "nothing"):
        expected = {name for name in names if name.startswith(under)}
        for at in (None, 1.0):
            assert {state.ref.name for state in store.find("thing", under=under, at=at)} == expected
    store.close()


def events_are_listed_by_subject_kind_and_place(make: Make) -> None:
    store = make(ManualClock())
    store.commit([_change("a"), _change("b"), _change("a")])
    store.commit([Change(ref=Ref("other", "a"), verb="made", data={})])

    def seqs(**how: Any) -> list[int]:
        return [event.seq for event in store.events(**how)]

    assert seqs(ref=Ref("thing", "a")) == [1, 3]
    assert seqs(kind="thing") == [1, 2, 3]
    assert seqs(after=2) == [3, 4]
    assert seqs(limit=2) == [1, 2]
    assert seqs(limit=2, newest_first=True) == [4, 3]
    assert seqs(kind="thing", after=1, newest_first=True, limit=1) == [3]
    store.close()


def threads_lose_no_update(make: Make) -> None:
    store = make(ManualClock())
    store.commit([_change("counter", {"n": 0})])

    def count_up(_: int) -> None:
        while True:
            state = store.read(Ref("thing", "counter"))
            assert state is not None
            try:
                store.commit([_change("counter", {"n": state.data["n"] + 1}, expected=state.seq)])
            except ConflictError:
                continue
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(40)))
    state = store.read(Ref("thing", "counter"))
    assert state is not None
    assert state.data == {"n": 40}
    assert [event.seq for event in store.events()] == list(range(1, 42))
    store.close()


def each_thread_acts_under_its_own_name(make: Make) -> None:
    store = make(ManualClock())
    barrier = threading.Barrier(4)

    def write(name: str) -> None:
        with acting_as(name):
            barrier.wait()
            store.commit([_change(name)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    assert all(event.actor == event.ref.name for event in store.events())
    store.close()


def a_conflict_does_not_fail_its_neighbours(make: Make) -> None:
    store = make(ManualClock())
    barrier = threading.Barrier(8)

    def write(number: int) -> bool:
        barrier.wait()
        try:
            store.commit([_change(f"own/{number}"), _change("shared", expected=0)])
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1
    assert len(store.events()) == 2
    store.close()
