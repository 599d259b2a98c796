"""The loop's memory in the real record: what was written is what is recalled, after a restart too."""

from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import NotFoundError
from keepwell.core.records import Decision
from keepwell.infrastructure.metadata import open_metadata
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.journal import DraftJournal, Journal
from keepwell.operations.loop.retrainings import Retraining
from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_signal


def told_into(journal: Journal) -> LoopWorld:
    """Play a story to its healed end, then a second incident that stays open."""
    world = LoopWorld()
    world.journal = journal  # type: ignore[assignment]  # any journal will do
    world.executor = Executor(journal, world, world.clock)
    world.signals, world.live = (make_signal("drift", "age"),), {1: 0.6, 2: 0.9}
    world.look(times=20)
    world.signals_of = {2: (make_signal("drift", "income", version=2),)}
    world.look(times=3)
    return world


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/record.db"


def test_it_tells_the_same_story_as_a_draft(url: str) -> None:
    draft = DraftJournal()
    told_into(draft)
    store = open_metadata(url)
    incidents = Incidents(store)
    told_into(incidents)
    assert [d.action for d in incidents.decisions(limit=None)][::-1] == [
        d.action for d in draft.decisions.values()
    ]
    kept = [(i.title, i.status, i.resolution, i.signals) for i in incidents.find()][::-1]
    assert kept == [(i.title, i.status, i.resolution, i.signals) for i in draft.incidents.values()]
    store.close()


def test_it_recalls_after_a_restart(url: str) -> None:
    store = open_metadata(url)
    told_into(Incidents(store))
    before = Incidents(store).recall(ENDPOINT, 2)
    store.close()
    again = open_metadata(url)
    assert Incidents(again).recall(ENDPOINT, 2) == before
    assert before.incident is not None
    assert before.incident.status == "open"
    assert before.last_retraining is not None
    again.close()


def test_each_decision_is_an_event_before_and_after_its_effect(url: str) -> None:
    store = open_metadata(url)
    told_into(Incidents(store))
    events = store.events(kind="decision")
    retrains = [e for e in events if e.data is not None and e.data["action"] == "retrain"]
    assert [event.verb for event in retrains] == ["decided", "carried_out"]
    assert {event.actor for event in events} == {"loop"}
    verbs = [event.verb for event in store.events(kind="incident")]
    assert verbs[0] == "opened"
    assert verbs.count("closed") == 1
    store.close()


def test_an_unknown_incident_is_not_found(url: str) -> None:
    store = open_metadata(url)
    incidents = Incidents(store)
    assert incidents.get("01J00000000000000000000000") is None
    with pytest.raises(NotFoundError, match="there is no incident"):
        incidents.read("01J00000000000000000000000")
    store.close()


def test_it_finds_by_endpoint_and_status(url: str) -> None:
    store = open_metadata(url)
    incidents = Incidents(store)
    told_into(incidents)
    assert len(incidents.find()) == 2
    assert [item.status for item in incidents.find(status="closed")] == ["closed"]
    assert incidents.find("another") == []
    opened = incidents.open(ENDPOINT)
    assert opened is not None
    assert opened.status == "open"
    store.close()


def test_it_reads_on_until_it_has_enough_of_a_rare_endpoint(url: str) -> None:
    store = open_metadata(url)
    incidents = Incidents(store)
    for number in range(120):
        name = "rare" if number < 2 else "busy"
        incidents.write(
            Decision(
                id=f"d{number:03d}", time=float(number), endpoint=name, action="wait", reason=""
            )
        )
    assert [item.id for item in incidents.decisions("rare", limit=2)] == ["d001", "d000"]
    last = incidents.last_decision("rare")
    assert last is not None
    assert last.id == "d001"
    store.close()


def test_retrainings_of_one_endpoint_are_not_those_of_another(url: str) -> None:
    store = open_metadata(url)
    incidents = Incidents(store)
    for endpoint in ("churn", "churn-eu"):
        incidents.write(
            Decision(id=endpoint, time=0.0, endpoint=endpoint, action="retrain", reason=""),
            retraining=Retraining(id="r-1", endpoint=endpoint, baseline=1, decided=5.0, reason=""),
        )
    assert [item.endpoint for item in incidents.retrainings("churn")] == ["churn"]
    assert len(incidents.retrainings()) == len(incidents.retrainings("churn")) + 1, (
        "of all, to count them"
    )
    store.close()


def test_the_post_mortem_comes_from_the_record_alone(url: str) -> None:
    store = open_metadata(url)
    told_into(Incidents(store))
    healed = Incidents(store).find(status="closed")[0]
    text = Incidents(store, ManualClock(0.0)).post_mortem(healed.id)
    assert text.startswith("# Inputs of churn moved away from training: age\n")
    assert "| outcome | healed |" in text
    assert "| time to recover | 1m 50s |" in text
    assert "accuracy on 400 rows: champion 0.6000, challenger 0.9000, gain +0.3000" in text
    assert text.index("**open_incident**") < text.index("**retrain**") < text.index("**close**")
    store.close()
