from pathlib import Path

import pytest

from keepwell.core.errors import UsageError
from keepwell.core.records import Task
from keepwell.infrastructure.project_file.keys import METRICS
from keepwell.tracking.metrics import default_metric, direction, meaning, metric_names
from keepwell.tracking.metrics.catalog import GROUPS, Metric, check_metric

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


def test_knows_which_way_is_better() -> None:
    assert [direction(name) for name in ("roc_auc", "r2", "rmse", "log_loss")] == [1, 1, -1, -1]


def test_suggests_the_metric_that_was_meant() -> None:
    with pytest.raises(UsageError, match="did you mean 'roc_auc'"):
        direction("roc-auc")


@pytest.mark.parametrize("task", list(Task))
def test_measures_every_task_by_its_default(task: Task) -> None:
    assert default_metric(task) in metric_names(task)


def test_refuses_a_metric_of_another_task() -> None:
    with pytest.raises(UsageError, match="'rmse' does not fit a binary model"):
        check_metric("rmse", Task.BINARY)


def test_knows_what_other_libraries_call_a_metric() -> None:
    with pytest.raises(UsageError, match="it is called 'mcc' here"):
        direction("matthews_corrcoef")


def test_is_what_the_project_file_accepts() -> None:
    asked = [item.name for group in GROUPS for item in group if item.asked]
    assert asked == list(METRICS)


@pytest.mark.parametrize("metrics", GROUPS, ids=lambda group: group[0].name)
def test_is_what_the_documentation_says(metrics: tuple[Metric, ...]) -> None:
    def row(metric: Metric) -> str:
        better = "more" if metric.better > 0 else "less"
        return f"| `{metric.name}` | {meaning(metric.name)} | {better} | `{metric.equals}` |"

    table = "\n".join(map(row, metrics))
    assert table in REFERENCE.read_text()
