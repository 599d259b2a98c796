"""How many workers there are to be, as the record has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import SystemClock
from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.events import acting_as
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Scale
from keepwell.deployment.scaling import MOST_WORKERS, Scaling
from keepwell.infrastructure.metadata import open_metadata


@pytest.fixture
def record(tmp_path: Path) -> Iterator[MetadataStore]:
    opened = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=SystemClock())
    yield opened
    opened.close()


def test_a_change_says_who_wanted_it_and_from_what_to_what(record: MetadataStore) -> None:
    scaling = Scaling(record)
    scaling.begin(1, {}, keep=False, why="keepwell.yaml")
    with acting_as("user:ana"):
        scaling.change(workers=3, why="a sale")
        scaling.change(pools={"churn": 2}, endpoints=["churn"])
        scaling.change(workers=3)  # as it is
        scaling.change(pools={"churn": 0}, endpoints=["churn"])
    events = record.events(kind="scale")
    assert [(one.actor, one.verb, one.why) for one in events] == [
        ("system", "declared", "workers 0 → 1; keepwell.yaml"),
        ("user:ana", "scaled", "workers 1 → 3; a sale"),
        ("user:ana", "scaled", "workers of churn 0 → 2"),
        ("user:ana", "scaled", "workers of churn 2 → 0"),
    ]
    assert scaling.read() == Scale(workers=3, declared=repr((1, {})))


@pytest.mark.parametrize(
    ("declared", "keep", "workers"),
    [((1, {}), True, 5), ((1, {}), False, 1), ((2, {}), True, 2), ((1, {"churn": 1}), True, 1)],
    ids=["taken over", "started again", "another number declared", "a pool declared"],
)
def test_what_was_chosen_stays_only_where_workers_are_taken_over(
    record: MetadataStore, declared: tuple[int, dict[str, int]], keep: bool, workers: int
) -> None:
    scaling = Scaling(record)
    scaling.begin(1, {}, keep=False, why="")
    scaling.change(workers=5)
    begun = scaling.begin(*declared, keep=keep, why="", endpoints=["churn"])
    assert begun.workers == workers
    assert scaling.read().workers == workers


def test_what_cannot_be_is_refused_and_nothing_is_recorded(record: MetadataStore) -> None:
    scaling = Scaling(record)
    with pytest.raises(UsageError, match="0 general workers are too few"):
        scaling.change(workers=0)
    with pytest.raises(UsageError, match="cannot have -1 workers"):
        scaling.change(pools={"churn": -1}, endpoints=["churn"])
    with pytest.raises(NotFoundError, match="no endpoint called 'chrun'") as told:
        scaling.change(pools={"chrun": 1}, endpoints=["churn"])
    assert told.value.now == "did you mean 'churn'?"
    with pytest.raises(NotFoundError, match="no endpoint called 'chrun'"):
        scaling.begin(1, {"chrun": 1}, keep=False, why="", endpoints=["churn"])
    with pytest.raises(UsageError, match=f"{MOST_WORKERS + 1} workers are too many"):
        scaling.change(workers=MOST_WORKERS + 1)
    assert record.events(kind="scale") == []
