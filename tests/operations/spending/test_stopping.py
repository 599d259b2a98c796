"""A spent budget lets nothing start that can wait."""

from pathlib import Path

import pytest

from keepwell.core.errors import BudgetError
from keepwell.core.records import Resources
from keepwell.core.spec import (
    BatchSpec,
    BudgetSpec,
    CostsSpec,
    DataSpec,
    PricesSpec,
    ProjectSpec,
    TrainSpec,
)
from keepwell.operations.batch.jobs import execute, executions
from keepwell.operations.scripts import run_script
from keepwell.workspace import Workspace


class Dear:
    """Says that every run took an hour."""

    def start(self, run: str, tell: object) -> None:
        """Do nothing."""

    def stop(self, run: str) -> Resources | None:
        return Resources(cpu_seconds=3600.0)


@pytest.fixture
def spec(tmp_path: Path) -> ProjectSpec:
    rows = "\n".join(f"{at},{at % 7},{'yes' if at % 3 else 'no'}" for at in range(120))
    (tmp_path / "shop.csv").write_text(f"id,tenure,churn\n{rows}\n")
    return ProjectSpec(
        name="shop",
        root=tmp_path,
        data=DataSpec(source="shop.csv", target="churn", key="id"),
        train=TrainSpec(budget=1.0, learners=("linear",)),
        batch=(BatchSpec(name="nightly", source="shop.csv", output="out.csv"),),
        costs=CostsSpec(prices=PricesSpec(cpu_hour=60.0), budget=BudgetSpec(monthly=100.0)),
    )


def spend(workspace: Workspace, hours: int) -> None:
    workspace.runs._meter = Dear()
    for _ in range(hours):
        workspace.runs.finish(workspace.runs.start("shop").id)


def test_training_batch_jobs_and_scripts_do_not_start(spec: ProjectSpec) -> None:
    (spec.root / "train.py").write_text("raise SystemExit('it ran')\n")
    with Workspace(spec) as workspace:
        spend(workspace, 2)
        with pytest.raises(BudgetError, match="training does not start") as caught:
            workspace.builder.run()
        assert "costs.budget.monthly is 100 EUR, and 120.00 EUR are spent" in caught.value.why
        assert workspace.runs.find(kind="train", status="running") == []
        with pytest.raises(BudgetError, match="the batch job 'nightly' does not start"):
            execute(workspace.bench, workspace.tables, spec.batch[0])
        (job,) = executions(workspace.bench, "nightly")
        assert (
            job.status == "failed"
        )  # so that it is told, and not tried again before its next time
        assert "the monthly budget is spent" in job.error
        with pytest.raises(BudgetError, match="script"):
            run_script(workspace.bench, spec.root / "train.py")


def test_below_the_limit_everything_may_start(spec: ProjectSpec) -> None:
    with Workspace(spec) as workspace:
        spend(workspace, 1)
        workspace.ledger.must_allow("training")
        state = workspace.ledger.budget()
        assert state is not None
        assert state.spent == pytest.approx(60.0)
