"""The global explanation: what is ignored counts for nothing, and everything keeps to its time."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from keepwell.core.records import Column, ColumnType, Profile, Task
from keepwell.data.profiles import profile_table
from keepwell.deployment.explaining import Explainer, typical_rows
from keepwell.deployment.explaining.overall import overview
from keepwell.deployment.explaining.overall.dependence import curves, grid_of, strength
from keepwell.deployment.explaining.overall.permutation import estimate, permute
from keepwell.deployment.scoring import load_scorer

KINDS = {
    "age": ColumnType.NUMBER,
    "visits": ColumnType.INTEGER,
    "member": ColumnType.BOOLEAN,
    "colour": ColumnType.CATEGORY,
    "since": ColumnType.DATETIME,
    "note": ColumnType.TEXT,
}
Columns = Sequence[Any]


def profile_of(made: Any) -> Profile:
    return profile_table(made.table, [Column(name=name, type=kind) for name, kind in KINDS.items()])


def rows(count: int = 200, seed: int = 0) -> list[Any]:
    random = np.random.default_rng(seed)
    return [random.normal(size=count) for _ in range(3)]


def test_a_column_that_is_ignored_has_no_importance_at_all() -> None:
    columns = rows()

    def measured(given: Columns) -> float:
        return -float(np.mean((given[0] * 2 - columns[0] * 2) ** 2))

    found = permute(measured, columns, [2, 0, 1], until=time.monotonic() + 60)
    for ignored in (1, 2):
        said = estimate(found.drops[ignored])
        assert (said.value, said.low, said.high) == (0.0, 0.0, 0.0)
    assert estimate(found.drops[0]).low > 1  # type: ignore[operator]
    assert found.shuffles == 10


def test_time_that_is_up_leaves_the_lesser_columns_out() -> None:
    found = permute(lambda _: 1.0, rows(), [1, 0, 2], until=time.monotonic() - 1)
    assert found.value == 1.0
    assert found.drops == {}


def test_permutation_agrees_with_scikit_learns(model_of: Callable[..., Any]) -> None:
    from sklearn.inspection import permutation_importance
    from sklearn.linear_model import LinearRegression

    columns = rows(2000)
    truth = 3 * columns[0] + columns[1]
    model = LinearRegression().fit(np.column_stack(columns), truth)

    def measured(given: Columns) -> float:
        return float(model.score(np.column_stack(given), truth))

    ours = permute(measured, columns, [0, 1, 2], until=time.monotonic() + 60)
    theirs = permutation_importance(model, np.column_stack(columns), truth, n_repeats=10)
    for at in range(3):
        expected = theirs.importances_mean[at]
        assert estimate(ours.drops[at]).value == pytest.approx(expected, rel=0.05, abs=1e-9)


def test_partial_dependence_equals_scikit_learns() -> None:
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.inspection import partial_dependence

    columns = rows(150)
    stacked = np.column_stack(columns)
    model = GradientBoostingRegressor(n_estimators=10, random_state=0).fit(
        stacked, columns[0] ** 2 + columns[1]
    )
    grid = grid_of(columns[0])
    ours = curves(lambda given: model.predict(np.column_stack(given)), columns, 0, grid)
    theirs = partial_dependence(
        model, stacked, [0], custom_values={0: grid}, kind="both", method="brute"
    )
    assert ours.mean(axis=0) == pytest.approx(theirs["average"][0], abs=1e-9)
    assert ours == pytest.approx(theirs["individual"][0], abs=1e-9)


def test_columns_that_add_up_do_not_interact_and_a_product_does() -> None:
    columns = rows(40)
    assert strength(lambda given: given[0] + given[1], columns, 0, 1) == pytest.approx(0, abs=1e-7)
    assert strength(lambda given: given[0] * given[1], columns, 0, 1) > 0.5
    assert strength(lambda given: np.zeros(len(given[0])), columns, 0, 1) == 0.0


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.REGRESSION])
@pytest.mark.parametrize("flavour", ["tree", "linear"])
def test_tells_what_a_model_goes_by(model_of: Callable[..., Any], task: Task, flavour: str) -> None:
    made = model_of(task, flavour=flavour)
    scorer = load_scorer(made.files.__getitem__, made.signature)
    typical = typical_rows(made.signature, profile_of(made))
    explainer = Explainer.load(made.files.__getitem__, made.signature, typical)
    actual = scorer.batch(made.table, lenient=True).predictions  # a model that is always right
    metric = "rmse" if task is Task.REGRESSION else "accuracy"
    found = overview(scorer, explainer, made.table, actual, metric=metric, seconds=5.0)
    assert set(found.permutation) == set(found.strength) == set(KINDS)
    assert found.value == (0.0 if task is Task.REGRESSION else 1.0)
    assert all(drop.value >= 0 for drop in found.permutation.values())
    assert {"age", "visits"} & set(list(found.permutation)[:2])
    assert found.method in ("tree-shap", "linear")
    assert {one.column for one in found.dependence} <= set(KINDS)
    drawn = next(one for one in found.dependence if one.column == "visits")
    assert len(drawn.grid) == len(drawn.mean) == len(drawn.lines[0])
    if task is Task.REGRESSION:
        assert drawn.mean[-1] > drawn.mean[0]
    assert all(0 <= pair.strength <= 1 for pair in found.interactions)


def test_no_time_at_all_is_told(model_of: Callable[..., Any]) -> None:
    made = model_of(Task.BINARY, flavour="tree")
    scorer = load_scorer(made.files.__getitem__, made.signature)
    explainer = Explainer.load(
        made.files.__getitem__, made.signature, typical_rows(made.signature, profile_of(made))
    )
    actual = ["Yes", "No"] * (made.table.num_rows // 2)
    found = overview(scorer, explainer, made.table, actual, metric="accuracy", seconds=0.0)
    assert found.permutation == {}
    assert any("time was up" in note for note in found.notes)
