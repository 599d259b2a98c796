"""`plan` and `run` do what is stale, say why, and nothing else."""

import dataclasses
from pathlib import Path

import pytest
from outside import customers

from keepwell.core.errors import TrainingError
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


def test_a_workspace_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    from keepwell.core.errors import FormatError

    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    (tmp_path / ".keepwell").mkdir()
    (tmp_path / ".keepwell" / "workspace.json").write_text('{"format": 99}')
    with pytest.raises(FormatError, match="format 99"):
        Workspace.open(tmp_path)
