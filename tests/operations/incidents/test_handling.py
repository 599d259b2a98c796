"""Incidents in people's hands, and what the loop makes of that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, NotFoundError, UsageError
from keepwell.core.events import acting_as
from keepwell.core.records import Decision, Incident
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.operations.incidents.handling import Handling
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.incidents import Incidents
from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_signal


@pytest.fixture
def metadata(tmp_path: Path) -> Iterator[SqlMetadataStore]:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db")
    yield store
    store.close()


def served(metadata: SqlMetadataStore) -> tuple[LoopWorld, Incidents, Handling]:
    """Return a world whose loop keeps its incidents in a real record, with one that is open."""
    world = LoopWorld()
    incidents = Incidents(metadata, world.clock)
    world.journal = incidents  # type: ignore[assignment]  # any journal will do
    world.executor = Executor(incidents, world, world.clock)
    world.signals = (make_signal("latency", value=0.5),)
    world.look(times=3)
    return world, incidents, Handling(incidents, world.clock, lambda: world.policy.rest)


def test_what_people_say_and_what_the_loop_does_never_undo_each_other(
    metadata: SqlMetadataStore,
) -> None:
    world, incidents, handling = served(metadata)
    with acting_as("user:ana"):
        handling.acknowledge("latest", "looking")
        handling.note("latest", "the disk was full")
        handling.note("latest", "the disk of web-1 was full", number=2)
    with acting_as("user:bo"):
        handling.assign("latest", "bo")
    world.signals = (make_signal("latency", value=2.0), make_signal("drift", "age"))
    world.live = {1: 0.6, 2: 0.9}
    world.look(times=4)
    told = incidents.find()[0]
    assert (told.owner, told.acknowledged_by) == ("bo", "user:ana")
    assert [one.text for one in told.notes] == ["looking", "the disk of web-1 was full"]
    assert len(told.signals) == 2
    verbs = [(event.actor, event.verb) for event in metadata.events(kind="care")]
    assert verbs == [
        ("user:ana", "acknowledged"),
        ("user:ana", "noted"),
        ("user:ana", "noted"),
        ("user:bo", "assigned"),
    ]
    assert "the disk of web-1 was full" in incidents.post_mortem(told.id)
    assert "| time to acknowledge |" in incidents.post_mortem(told.id)


def test_who_closes_by_hand_is_not_overruled_and_not_asked_again(
    metadata: SqlMetadataStore,
) -> None:
    world, incidents, handling = served(metadata)
    seen = incidents.find()[0]
    with acting_as("user:ana"):
        closed = handling.close(seen.id[:20].lower(), "a load test")
    assert (closed.status, closed.resolution) == ("closed", "by_hand")
    late = Decision(
        id="late", time=0.0, endpoint=ENDPOINT, action="retrain", reason="", incident=seen.id
    )
    incidents.write(late, incident=seen)  # the loop had seen it open a moment before
    assert incidents.read(seen.id).status == "closed"
    world.look(times=10)
    assert len(incidents.find()) == 1, "its signals are no news for a while"
    with pytest.raises(ConflictError, match="is closed"):
        handling.close(seen.id, "again")
    with pytest.raises(ConflictError, match="is closed"):
        handling.acknowledge(seen.id)
    with acting_as("user:ana"):
        assert handling.note(seen.id, "afterwards").notes[-1].text == "afterwards"


@pytest.mark.parametrize("text", ["", "  ", "x" * 20_001])
def test_a_note_says_something_and_not_too_much(metadata: SqlMetadataStore, text: str) -> None:
    _, _, handling = served(metadata)
    with pytest.raises(UsageError):
        handling.note("latest", text)


def test_notes_can_be_taken_back_and_unknown_ones_are_refused(metadata: SqlMetadataStore) -> None:
    _, _, handling = served(metadata)
    handling.note("latest", "wrong")
    assert handling.note("latest", "", number=1).notes == ()
    with pytest.raises(NotFoundError, match="no note 4"):
        handling.note("latest", "x", number=4)
    with pytest.raises(UsageError, match="needs a reason"):
        handling.close("latest", " ")
    with pytest.raises(NotFoundError):
        handling.find("01KNOSUCHTHING")


def test_an_incident_of_an_older_version_loads(metadata: SqlMetadataStore) -> None:
    from keepwell.core.events import Change
    from keepwell.core.references import Ref

    old = {
        "id": "01OLD", "endpoint": "churn", "title": "t", "status": "closed", "opened": 5.0,
        "detected": 1.0, "closed": 9.0, "resolution": "healed", "summary": "", "signals": [],
        "causes": [], "timeline": [{"time": 5.0, "text": "x", "kind": "note"}], "run": "",
        "candidate": 0, "rollout": "", "attempts": 0, "failures": 0, "accepted": [],
        "accepted_until": None, "evidence": {},
    }  # fmt: skip
    metadata.commit([Change(ref=Ref("incident", "01OLD"), verb="closed", data=old)])
    found = Incidents(metadata, ManualClock(10.0)).read("01OLD")
    assert found == Incident(
        id="01OLD", endpoint="churn", title="t", status="closed", opened=5.0, detected=1.0,
        closed=9.0, resolution="healed", timeline=found.timeline,
    )  # fmt: skip
