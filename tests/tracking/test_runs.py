import json
import math
import threading
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import NotFoundError
from keepwell.core.records import Estimate
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.tracking.runs import Runs


def test_a_run_is_recorded_from_start_to_end(runs: Runs, clock: ManualClock) -> None:
    run = runs.start(
        "churn",
        "train",
        params={"folds": 5, "metric": "roc_auc", "budget": 60.0, "shuffle": True, "limit": None},
        dataset="churn/1",
        tags={"why": "first"},
    )
    assert runs.get(run.id) == run
    assert run.status == "running"
    clock.advance(12)
    runs.finish(run.id, metrics={"roc_auc": Estimate(value=0.84, low=0.82, high=0.86)})
    done = runs.get(run.id)
    assert (done.status, done.started, done.ended) == ("done", 1_800_000_000.0, 1_800_000_012.0)
    assert done.params == run.params
    assert done.metrics["roc_auc"].low == 0.82
    assert done.dataset == "churn/1"


def test_the_environment_is_kept_as_a_blob(runs: Runs) -> None:
    run = runs.start("churn")
    environment = json.loads(runs.environment(run.id))
    assert "numpy" in environment["packages"]


def test_the_model_is_added_after_the_end(runs: Runs, clock: ManualClock) -> None:
    run = runs.start("churn")
    ended = runs.finish(run.id, metrics={"f1": Estimate(value=0.5)}, params={"trees": 200})
    clock.advance(5)
    later = runs.finish(run.id, model="churn/1")
    assert later.model == "churn/1"
    assert later.ended == ended.ended
    assert later.metrics == ended.metrics
    assert later.params == {"trees": 200}


@pytest.mark.parametrize(("killed", "status"), [(False, "failed"), (True, "killed")])
def test_a_failure_is_kept_with_its_error(runs: Runs, killed: bool, status: str) -> None:
    run = runs.start("churn")
    runs.fail(run.id, "no memory", killed=killed)
    assert (runs.get(run.id).status, runs.get(run.id).error) == (status, "no memory")


def test_curves_come_back_in_order(runs: Runs, clock: ManualClock) -> None:
    run = runs.start("churn")
    for step in range(5):
        clock.advance(1)
        runs.log(run.id, {"loss": 1 / (step + 1), "rate": 0.1}, step=step)
    curves = runs.curves(run.id)
    assert [point.step for point in curves["loss"]] == [0, 1, 2, 3, 4]
    assert curves["loss"][4].value == pytest.approx(0.2)
    assert list(runs.curves(run.id, ["rate"])) == ["rate"]


def test_a_loss_that_is_not_a_number_is_seen(runs: Runs) -> None:
    run = runs.start("churn")
    runs.log(run.id, {"loss": math.nan}, step=3)
    assert math.isnan(runs.curves(run.id)["loss"][0].value)


def test_an_artifact_replaces_the_one_of_its_name(runs: Runs, tmp_path: Path) -> None:
    run = runs.start("churn")
    runs.attach(run.id, "plots/roc.json", b"{}", "application/json")
    figure = tmp_path / "roc.json"
    figure.write_bytes(b'{"data": []}')
    runs.attach(run.id, "plots/roc.json", figure, "application/json")
    assert [item.name for item in runs.get(run.id).artifacts] == ["plots/roc.json"]
    assert runs.read(run.id, "plots/roc.json") == b'{"data": []}'
    with pytest.raises(NotFoundError, match=r"did you mean 'plots/roc\.json'"):
        runs.read(run.id, "plots/rok.json")


def test_runs_are_found_newest_first(runs: Runs, clock: ManualClock) -> None:
    first = runs.start("churn", "train")
    clock.advance(1)
    second = runs.start("churn", "retrain")
    clock.advance(1)
    third = runs.start("iris", "train")
    runs.finish(first.id)
    assert [run.id for run in runs.find()] == [third.id, second.id, first.id]
    assert [run.id for run in runs.find("churn")] == [second.id, first.id]
    assert [run.id for run in runs.find(status="running", kind="train")] == [third.id]
    assert [run.id for run in runs.find(limit=1)] == [third.id]


def test_an_unknown_run_is_not_found(runs: Runs) -> None:
    with pytest.raises(NotFoundError):
        runs.get("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_threads_log_into_one_run(runs: Runs) -> None:
    run = runs.start("churn")

    def log(name: str) -> None:
        for step in range(50):
            runs.log(run.id, {name: step}, step)

    threads = [threading.Thread(target=log, args=(f"m{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: len(points) for name, points in runs.curves(run.id).items()} == {
        f"m{number}": 50 for number in range(4)
    }


def test_every_change_is_an_event(runs: Runs, metadata: SqlMetadataStore) -> None:
    run = runs.start("churn")
    runs.attach(run.id, "a.txt", b"a")
    runs.finish(run.id)
    runs.finish(run.id, model="churn/1")
    assert [event.verb for event in metadata.events(kind="run")] == [
        "started",
        "attached",
        "finished",
        "completed",
    ]
