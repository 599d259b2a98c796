from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.core.records import Alias, Run
from keepwell.infrastructure.metadata import Collection, open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1.0)


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMetadataStore]:
    opened = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def aliases(store: SqlMetadataStore) -> Collection[Alias]:
    return Collection(store, "alias", Alias)


def _champion(version: int, model: str = "churn") -> Alias:
    return Alias(model=model, alias="champion", version=version)


def test_a_record_is_written_and_read_as_the_class_it_is(aliases: Collection[Alias]) -> None:
    event = aliases.write(_champion(3), "promoted", why="it won")
    assert (str(event.ref), event.verb, event.why) == ("alias:churn/champion", "promoted", "it won")
    assert aliases.get("churn/champion") == aliases.read("churn/champion") == _champion(3)
    assert aliases.get("other/champion") is None


def test_a_name_may_be_told_in_another_way(store: SqlMetadataStore) -> None:
    runs = Collection(store, "run", Run, name=lambda run: run.id)
    runs.write(Run(id="a", project="p"), "started")
    assert runs.read("a").project == "p"


def test_the_past_is_read(aliases: Collection[Alias], clock: ManualClock) -> None:
    aliases.write(_champion(1), "promoted")
    clock.advance(10)
    aliases.write(_champion(2), "promoted")
    assert aliases.read("churn/champion", at=5.0).version == 1
    assert [alias.version for alias in aliases.find(at=5.0)] == [1]
    assert aliases.get("churn/champion", at=0.5) is None
    with pytest.raises(NotFoundError, match="at that time"):
        aliases.read("churn/champion", at=0.5)


def test_records_are_found_by_branch_last_changed_first(aliases: Collection[Alias]) -> None:
    for model in ("churn", "churn2", "wine"):
        aliases.write(_champion(1, model), "promoted")
    assert [alias.model for alias in aliases.find()] == ["wine", "churn2", "churn"]
    assert [alias.model for alias in aliases.find("churn/")] == ["churn"]
    assert [alias.model for alias in aliases.find(limit=1)] == ["wine"]


def test_a_change_made_from_an_old_state_is_refused(aliases: Collection[Alias]) -> None:
    assert aliases.seq("churn/champion") == 0
    aliases.write(_champion(1), "promoted", expected=0)
    seen = aliases.seq("churn/champion")
    aliases.write(_champion(2), "promoted", expected=seen)
    with pytest.raises(ConflictError, match="alias:churn/champion"):
        aliases.write(_champion(3), "promoted", expected=seen)
    assert aliases.read("churn/champion").version == 2


def test_changes_of_several_collections_are_committed_together(
    store: SqlMetadataStore, aliases: Collection[Alias]
) -> None:
    runs = Collection(store, "run", Run, name=lambda run: run.id)
    run = runs.change(Run(id="a", project="p"), "finished")
    with pytest.raises(ConflictError):
        store.commit([run, aliases.change(_champion(1), "promoted", expected=9)])
    assert runs.get("a") is None
    store.commit([run, aliases.change(_champion(1), "promoted", why="both", expected=0)])
    assert runs.get("a") is not None
    assert aliases.get("churn/champion") is not None


def test_what_is_missing_is_answered_with_the_closest_name(aliases: Collection[Alias]) -> None:
    with pytest.raises(NotFoundError) as refusal:
        aliases.read("churn/champion")
    assert str(refusal.value) == "there is no alias 'churn/champion'\nthere is no alias at all"
    aliases.write(_champion(1), "promoted")
    aliases.write(_champion(1, "wine"), "promoted")
    with pytest.raises(NotFoundError) as refusal:
        aliases.read("chrun/champion")
    assert refusal.value.now == "did you mean 'churn/champion'?"
    assert refusal.value.why == "the newest: wine/champion, churn/champion"
    assert refusal.value.details == {"kind": "alias", "name": "chrun/champion"}
