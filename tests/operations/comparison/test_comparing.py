"""Two versions on rows that neither has learnt from."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.errors import InvalidDataError, UsageError
from keepwell.core.records import ColumnType, ModelVersion, Task
from keepwell.operations.comparison import VersionComparison, compare_versions
from keepwell.operations.comparison.comparing import input_changes, measured
from keepwell.tracking.metrics import Scores
from keepwell.workspace import Workspace


def versions(workspace: Workspace) -> tuple[ModelVersion, ModelVersion]:
    return workspace.registry.get("shop", 1), workspace.registry.get("shop", 2)


@pytest.fixture(scope="module")
def found(judged: Workspace) -> VersionComparison:
    return compare_versions(judged.bench, *versions(judged))


def test_measures_both_on_the_same_unseen_rows(judged: Workspace, found: VersionComparison) -> None:
    first, second = versions(judged)
    assert found.rows_from == "the test rows of shop/2"
    deciding = found.metrics[0]
    assert deciding.metric == "roc_auc"
    assert deciding.first.value == pytest.approx(first.metrics["roc_auc"].value)
    assert deciding.second.value == pytest.approx(second.metrics["roc_auc"].value)
    gap = deciding.second.value - deciding.first.value
    assert deciding.difference.value == pytest.approx(gap)
    assert deciding.difference.low is not None
    assert found.verdict.startswith("No difference beyond chance") == (
        deciding.verdict == "unclear"
    )


def test_counts_who_alone_is_right(found: VersionComparison) -> None:
    assert found.mcnemar is not None
    assert found.agree is not None
    gap = next(item for item in found.metrics if item.metric == "accuracy").difference.value
    alone = found.mcnemar.only_second - found.mcnemar.only_first
    assert alone / found.rows == pytest.approx(gap)
    assert (found.mcnemar.only_first + found.mcnemar.only_second) / found.rows == pytest.approx(
        1 - found.agree
    )


def test_names_what_differs(found: VersionComparison) -> None:
    first, second = found.params["learner"]
    assert first in ("linear", "ensemble")
    assert second == "lightgbm"
    assert found.data == ("shop/1", "shop/1")
    assert found.inputs == ()
    assert found.environment == ()
    assert set(found.importance) == {"tenure", "plan", "charges"}


def test_names_inputs_that_came_went_and_changed(judged: Workspace) -> None:
    first, second = versions(judged)
    tenure, plan, charges = second.signature.inputs
    fields = (
        replace(tenure, type=ColumnType.NUMBER),
        replace(plan, categories=(*plan.categories, "weekly"), required=False),
        replace(charges, name="price"),
    )
    changed = replace(second, signature=replace(second.signature, inputs=fields))
    assert input_changes(first, changed) == [
        "'charges' is gone",
        "'plan' has new values: weekly",
        "'plan' may be missing now",
        "'price' is new",
        "'tenure' was integer, is number",
    ]


def test_is_sure_only_where_a_difference_is_beyond_chance(judged: Workspace) -> None:
    first, _ = versions(judged)
    actual = ["no", "yes"] * 100
    chance = np.where(np.arange(200) % 2, 0.9, 0.1)
    good = Scores(predictions=actual, probabilities=np.column_stack([1 - chance, chance]))
    poor = Scores(predictions=actual[::-1], probabilities=np.column_stack([chance, 1 - chance]))
    assert {item.verdict for item in measured(first, actual, good, good)} == {"unclear"}
    assert {item.verdict for item in measured(first, actual, good, poor)} == {"worse"}
    assert {item.verdict for item in measured(first, actual, poor, good)} == {"better"}


def test_refuses_models_of_different_things_and_rows_without_the_truth(judged: Workspace) -> None:
    first, second = versions(judged)
    other = replace(second, signature=replace(second.signature, task=Task.REGRESSION, classes=()))
    with pytest.raises(UsageError, match="cannot be measured on the same rows"):
        compare_versions(judged.bench, first, other)
    with pytest.raises(InvalidDataError, match="no column 'churn'"):
        compare_versions(judged.bench, first, second, pa.table({"tenure": [1]}))


def test_tells_what_differs_even_where_no_rows_are_left_to_measure_on(judged: Workspace) -> None:
    first, second = versions(judged)
    bare = judged.runs.start("shop").id
    found = compare_versions(judged.bench, replace(first, run=bare), replace(second, run=bare))
    assert found.metrics == ()
    assert found.verdict.startswith("there are no rows to compare shop/1 and shop/2 on: ")
    assert set(found.importance) == {"tenure", "plan", "charges"}
