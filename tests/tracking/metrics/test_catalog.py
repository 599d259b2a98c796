import pytest

from keepwell.core.errors import UsageError
from keepwell.core.records import Task
from keepwell.tracking.metrics import default_metric, direction, metric_names
from keepwell.tracking.metrics.catalog import check_metric


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
