"""`plan` and `run` do what is stale, say why, and nothing else."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from outside import customers

from keepwell.core.errors import InvalidDataError, TrainingError
from keepwell.core.spec import GateSpec, ProjectSpec
from keepwell.operations.build import shortcut
from keepwell.operations.promotion import promote, rollback
from keepwell.workspace import Workspace

STEPS = ["ingest", "train", "register", "gate", "promote"]


def changed(workspace: Workspace, **sections: object) -> Workspace:
    """Return the workspace as it would open after an edit of the project file."""
    spec: ProjectSpec = dataclasses.replace(workspace.spec, **sections)  # type: ignore[arg-type]
    return Workspace(spec)


def test_a_first_run_does_every_step_and_makes_a_champion(workspace: Workspace) -> None:
    assert [(step.name, step.status) for step in workspace.builder.plan()] == [
        (name, "stale") for name in STEPS
    ]
    result = workspace.builder.run()
    assert [(step.name, step.status) for step in result.steps] == [(name, "done") for name in STEPS]
    assert result.passed
    assert result.aliases == ("champion",)
    assert workspace.endpoints.read("shop").champion == 1
    assert result.run is not None
    assert result.run.model == "shop/1"
    assert {step.status for step in workspace.builder.plan()} == {"cached"}


def test_a_second_run_does_nothing_and_the_shortcut_knows(workspace: Workspace) -> None:
    first = workspace.builder.run()
    known = shortcut.unchanged(workspace.root)
    assert known is not None
    assert known["model"] == first.as_dict()["model"]
    assert {step["status"] for step in known["steps"]} == {"cached"}
    assert {step.status for step in workspace.builder.run().steps} == {"cached"}


def test_an_edit_of_the_gate_judges_again_but_does_not_train(workspace: Workspace) -> None:
    workspace.builder.run()
    strict = changed(workspace, gate=GateSpec(min={"roc_auc": 0.999}))
    with strict:
        result = strict.builder.run()
    statuses = {step.name: step.status for step in result.steps}
    assert (statuses["train"], statuses["gate"]) == ("cached", "done")
    assert not result.passed
    assert result.gate is not None
    assert "below the limit" in result.gate.checks[0].detail


def test_new_rows_are_told_in_rows(workspace: Workspace) -> None:
    workspace.builder.run()
    (workspace.root / "customers.csv").write_text(customers(850))
    assert shortcut.unchanged(workspace.root) is None
    step = workspace.builder.run().steps[0]
    assert step.reason == "the data changed: 800 → 850 rows"


def test_a_step_that_fails_leaves_the_ones_before_it_done(workspace: Workspace) -> None:
    broken = changed(workspace, data=dataclasses.replace(workspace.spec.data, target="charn"))
    with broken, pytest.raises(TrainingError, match="charn"):
        broken.builder.run()
    plan = {step.name: step.status for step in workspace.builder.plan()}
    assert plan["ingest"] == "cached"
    assert plan["train"] == "stale"


def test_promotion_and_rollback_move_alias_and_endpoint_together(workspace: Workspace) -> None:
    workspace.builder.run()
    again = changed(workspace, train=dataclasses.replace(workspace.spec.train, seed=3))
    with again:
        again.builder.run()
        promote(again.bench, 2, "by hand", force=True)
        assert again.registry.resolve("shop", "champion") == 2
        assert again.endpoints.read("shop").champion == 2
        assert rollback(again.bench, "it was worse") == (1, 2)
        assert again.endpoints.read("shop").champion == 1
        assert shortcut.unchanged(again.root) is None


def test_a_project_without_a_target_only_keeps_its_data(workspace: Workspace) -> None:
    data = dataclasses.replace(workspace.spec.data, target="")
    with changed(workspace, data=data) as keeper:
        result = keeper.builder.run()
    assert [step.name for step in result.steps] == ["ingest"]
    assert result.dataset is not None
    assert result.dataset.rows == 800


def test_what_was_noticed_about_the_data_is_told_each_time(workspace: Workspace) -> None:
    source = workspace.root / workspace.spec.data.source
    header, *lines = source.read_text().splitlines()
    (workspace.root / "call.wav").write_bytes(b"x")
    rows = [f"{header},call", *(f"{line},call.wav" for line in lines)]
    source.write_text("\n".join(rows) + "\n")
    with changed(workspace, data=dataclasses.replace(workspace.spec.data, target="")) as kept:
        for _ in range(2):
            told = "'call' names sounds: only their names are read"
            assert [text.startswith(told) for text in kept.builder.run().findings] == [True]


def test_names_of_sounds_alone_are_not_trained_on(workspace: Workspace) -> None:
    (workspace.root / "call.wav").write_bytes(b"x")
    lines = [f"{number},call.wav,{number % 2}" for number in range(800)]
    (workspace.root / workspace.spec.data.source).write_text("\n".join(["id,call,label", *lines]))
    data = dataclasses.replace(workspace.spec.data, target="label", key="id", time="")
    with (
        changed(workspace, data=data) as refused,
        pytest.raises(InvalidDataError, match="beside the column 'call', which names sounds"),
    ):
        refused.builder.run()


def test_a_workspace_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    from keepwell.core.errors import FormatError

    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    (tmp_path / ".keepwell").mkdir()
    (tmp_path / ".keepwell" / "workspace.json").write_text('{"format": 99}')
    with pytest.raises(FormatError, match="format 99"):
        Workspace.open(tmp_path)


def test_reads_no_more_rows_than_the_memory_granted_holds(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keepwell.operations.build.recipe import ROWS, TEST_ROWS
    from keepwell.operations.build.sources import parts
    from keepwell.operations.insight.overall import test_rows_of

    monkeypatch.setattr(parts, "_SMALL", 0)
    monkeypatch.setattr(parts, "_FEWEST", 100)
    monkeypatch.setattr("keepwell.training.workers.grant.LIBRARIES", 1_000)
    monkeypatch.setattr("keepwell.training.search.capacity.LIBRARIES", 1_000)
    monkeypatch.setattr("keepwell.training.workers.grant.OWN", 1_000)
    monkeypatch.setattr("keepwell.training.workers.grant.resident", lambda: 1_000)
    monkeypatch.setattr("keepwell.training.search.capacity._ROOM", 0)
    rows = parts.rows_to_learn
    wide = dataclasses.replace(workspace.spec.train, memory=200_000, ensemble=1)
    with changed(workspace, train=wide) as bounded:
        result = bounded.builder.run()
        assert result.dataset is not None
        assert result.run is not None
        part = rows(bounded.bench, result.dataset, bounded.spec.data, wide)
        assert part.positions is not None
        assert 100 < part.table.num_rows < 700
        assert part.spec.memory == 200_000
        assert any("of 800 rows, drawn at random, were read" in told for told in result.findings)
        read = np.frombuffer(bounded.runs.read(result.run.id, ROWS), dtype=np.int64)
        assert np.array_equal(read, part.positions)
        tested = np.frombuffer(bounded.runs.read(result.run.id, TEST_ROWS), dtype=np.int64)
        whole = bounded.bench.datasets.read(result.dataset)
        assert result.model is not None
        assert test_rows_of(bounded.bench, result.model) == whole.take(read[tested])
    least = dataclasses.replace(wide, memory=3_000)
    with changed(workspace, train=least) as starved, pytest.raises(TrainingError) as refused:
        starved.builder.run()
    assert "are too little to learn from 'shop'" in refused.value.what
    assert "MB` or more under `train:`" in refused.value.now
