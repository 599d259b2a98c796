"""Tasks without a target go the whole way: trained, registered, gated, promoted, scored, checked."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.errors import TrainingError, UsageError
from keepwell.core.features import Derived, FeaturesSpec
from keepwell.core.progress import SilentProgress
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, FairnessSpec, GateSpec, ProjectSpec, TrainSpec
from keepwell.operations.build.challenger import train_challenger
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.verification import predictions
from keepwell.operations.verification.checks import Subject
from keepwell.workspace import Workspace

STEPS = ["ingest", "train", "register", "gate", "promote"]


def customers(root: Path) -> DataSpec:
    random = np.random.default_rng(0)
    kind = random.integers(0, 2, 200)
    lines = [
        f"c{at},{20 + 40 * k + random.normal():.2f},{'ab'[k]}" for at, k in enumerate(kind.tolist())
    ]
    (root / "rows.csv").write_text("\n".join(["customer,age,plan", *lines]))
    return DataSpec(source="rows.csv", key="customer")


def events(root: Path) -> DataSpec:
    random = np.random.default_rng(0)
    lines = [
        f"u{user},p{user % 2 * 8 + int(random.integers(0, 8))}"
        for user in range(50)
        for _ in range(6)
    ]
    (root / "events.csv").write_text("\n".join(["who,what", *lines]))
    return DataSpec(source="events.csv", user="who", item="what")


def opened(root: Path, data: DataSpec, task: Task | None, **more: object) -> Workspace:
    (root / "keepwell.yaml").write_text("project: p\ndata: {source: x.csv}\n")
    spec = ProjectSpec(
        name="p",
        root=root,
        data=data,
        **{"train": TrainSpec(task=task, budget=4.0), **more},  # type: ignore[arg-type]
    )
    return Workspace(spec)


def test_clusters_go_the_whole_way(tmp_path: Path) -> None:
    gate = GateSpec(min={"silhouette": 0.4}, latency_ms=100.0)
    with opened(tmp_path, customers(tmp_path), Task.CLUSTERING, gate=gate) as workspace:
        result = workspace.builder.run()
        assert [step.name for step in result.steps] == STEPS
        assert result.passed
        assert result.aliases == ("champion",)
        assert {step.status for step in workspace.builder.plan()} == {"cached"}
        assert result.model is not None
        assert len(result.model.signature.meanings) == len(result.model.signature.classes) == 2
        assert any("cluster 1" in text for text in result.findings)
        json.dumps(result.as_dict())


def test_several_columns_of_yes_and_no_go_the_whole_way(tmp_path: Path) -> None:
    from keepwell.operations.build.challenger import gather

    random = np.random.default_rng(0)
    cells = random.normal(size=(200, 2)).round(3).tolist()
    lines = [f"{a},{b},{'yes' if a > 0 else 'no'},{int(b > 0)}" for a, b in cells]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,loud,big", *lines]))
    data = DataSpec(source="rows.csv", target="loud, big", targets=("loud", "big"))
    gate = GateSpec(min={"f1_micro": 0.6})
    with opened(tmp_path, data, None, gate=gate) as workspace:
        result = workspace.builder.run()
        assert result.passed
        model = result.model
        assert model is not None
        assert model.signature.task is Task.MULTILABEL
        live = {"id": ["p"] * 60, "time": [1.0] * 60, "inputs": ['{"a": 1.0, "b": -1.0}'] * 60}
        live["id"] = [f"p{at}" for at in range(60)]
        outcomes = ['["loud"]'] * 30 + ["[]"] * 30
        rows = gather(workspace.bench, pa.table({**live, "outcome": outcomes}), model)
        assert rows.table["loud, big"].to_pylist()[-60:] == outcomes
        assert [column.name for column in rows.columns] == ["a", "b", "loud, big"]


def test_declared_features_make_the_training_anew(tmp_path: Path) -> None:
    derived = Derived(name="half", kind="formula", columns=("age",), detail="age / 2")
    data = customers(tmp_path)
    with opened(tmp_path, data, Task.CLUSTERING) as workspace:
        workspace.builder.run()
    changed = FeaturesSpec(derive=(derived,))
    with opened(tmp_path, data, Task.CLUSTERING, features=changed) as workspace:
        steps = {step.name: step for step in workspace.builder.plan()}
        assert steps["ingest"].status == "cached"
        assert steps["train"].status == "stale"
        assert "declared features changed" in steps["train"].reason


def test_recommendations_go_the_whole_way(tmp_path: Path) -> None:
    gate = GateSpec(min={"ndcg_at_10": 0.05, "coverage_at_10": 0.5})
    with opened(tmp_path, events(tmp_path), None, gate=gate) as workspace:
        result = workspace.builder.run()
        assert result.passed
        model = result.model
        assert model is not None
        assert model.signature.task is Task.RANKING
        assert model.metrics["coverage_at_10"].value <= 1.0
        scorer = open_scorer(workspace.bench, model)
        top = scorer.rows([{"who": "u1", "k": 2}]).predictions[0]
        assert [sorted(one) for one in top] == [["item", "score", "why"]] * 2
        subject = Subject(workspace.bench)
        for check in predictions.CHECKS:
            assert check.holds(subject)


def test_tables_of_users_and_items_are_kept_and_looked_at(tmp_path: Path) -> None:
    data = replace(events(tmp_path), users="users.csv", items="items.csv")
    ages = [f"u{user},{20 + user % 2 * 40}" for user in range(50)]
    (tmp_path / "users.csv").write_text("\n".join(["who,age", *ages, "fresh,60"]))
    shelves = [f"p{item},{'ab'[item // 8]}" for item in range(16)]
    (tmp_path / "items.csv").write_text("\n".join(["what,shelf", *shelves, "p99,a"]))
    with opened(tmp_path, data, None) as workspace:
        result = workspace.builder.run()
        model = result.model
        assert model is not None
        assert [one.name for one in model.signature.inputs] == ["who", "k", "age"]
        assert workspace.bench.datasets.get("p.items").rows == 17
        assert {step.status for step in workspace.builder.plan()} == {"cached"}
        assert open_scorer(workspace.bench, model).catalogue == 17
        (tmp_path / "items.csv").write_text("\n".join(["what,shelf", *shelves]))
        assert workspace.builder.plan()[0].status == "stale"


def test_a_gate_on_fairness_is_refused_for_lists(tmp_path: Path) -> None:
    gate = GateSpec(fairness=FairnessSpec(by="who"))
    with (
        opened(tmp_path, events(tmp_path), None, gate=gate) as workspace,
        pytest.raises(UsageError, match="asks how often groups are selected"),
    ):
        workspace.builder.run()


def sales(root: Path, count: int) -> DataSpec:
    random = np.random.default_rng(0)
    start = date(2024, 1, 1)
    lines = [
        f"{start + timedelta(days=at)},{0.1 * at + 5 * (at % 7) + random.normal():.3f}"
        for at in range(count)
    ]
    (root / "rows.csv").write_text("\n".join(["day,sold", *lines]))
    return DataSpec(source="rows.csv", target="sold", time="day")


def test_a_forecast_is_renewed_from_its_source_and_compared_on_what_came(tmp_path: Path) -> None:
    spec = TrainSpec(task=Task.FORECAST, budget=8.0, horizon=7, learners=("linear",))
    request = Retraining(id="r", endpoint="p", baseline=1, decided=0.0, reason="drift", budget=8.0)
    with opened(tmp_path, sales(tmp_path, 150), None, train=spec) as workspace:
        assert workspace.builder.run().passed
        with pytest.raises(TrainingError, match="has seen all that the source holds") as caught:
            train_challenger(workspace.bench, pa.table({}), request, progress=SilentProgress())
        assert "rows.csv up to date" in caught.value.now
        sales(tmp_path, 200)  # more than a horizon further
        result = train_challenger(workspace.bench, pa.table({}), request, progress=SilentProgress())
        assert result.verdict is not None
        assert result.verdict.passed
        assert [check.name for check in result.verdict.checks] == ["champion mae"]
        assert result.renewed
        assert result.comparison is not None
        assert result.comparison.champion == pytest.approx(result.comparison.challenger, rel=0.3)
        newer = open_scorer(workspace.bench, workspace.bench.registry.get("p", result.candidate))
        assert np.isfinite(newer.rows([{"day": "2024-07-20"}]).predictions[0])
        assert workspace.bench.runs.get(result.run).tags["retraining"] == "r"


@pytest.mark.parametrize("task", [Task.CLUSTERING, Task.RANKING])
def test_what_has_no_outcomes_is_renewed_from_its_source(tmp_path: Path, task: Task) -> None:
    world, name = (customers, "rows.csv") if task is Task.CLUSTERING else (events, "events.csv")
    request = Retraining(id="r", endpoint="p", baseline=1, decided=0.0, reason="due", budget=4.0)
    with opened(tmp_path, world(tmp_path), task) as workspace:
        workspace.builder.run()
        text = (tmp_path / name).read_text()
        more = "c200,61,b\nc201,22,a" if task is Task.CLUSTERING else "u1,p7\nu2,p3\nnew,p1"
        (tmp_path / name).write_text(f"{text}\n{more}\n")
        result = train_challenger(workspace.bench, pa.table({}), request, progress=SilentProgress())
        assert result.comparison is not None
        assert result.renewed is (task is Task.RANKING)
        assert result.evidence == {"dataset": "p/2"}


def test_what_has_no_outcomes_is_not_retrained_on_the_same_data(tmp_path: Path) -> None:
    with opened(tmp_path, customers(tmp_path), Task.CLUSTERING) as workspace:
        workspace.builder.run()
        request = Retraining(id="r", endpoint="p", baseline=1, decided=0.0, reason="drift")
        with pytest.raises(TrainingError, match="has seen all that the source holds"):
            train_challenger(workspace.bench, pa.table({}), request, progress=SilentProgress())
