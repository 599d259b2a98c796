from typing import Any

import numpy as np
import pytest
from training_worlds import world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec
from keepwell.training.guards import Guarded, guard
from keepwell.training.targets import read_target
from keepwell.training.trained import Finding

ROWS = 300
RANDOM = np.random.default_rng(3)
NOISE = RANDOM.normal(size=ROWS)
COUNT = RANDOM.integers(0, 500, ROWS)
LABEL = np.where(RANDOM.random(ROWS) < 0.4, "yes", "no")


def guarded(
    columns: dict[str, Any], types: dict[str, ColumnType] | None = None, **data: Any
) -> Guarded:
    table, described = world_of({"noise": NOISE, **columns}, **(types or {}))
    target = read_target(table, described, "y")
    return guard(table, described, DataSpec(source="", target="y", **data), target, 0)


def only(found: Guarded) -> Finding:
    assert len(found.findings) == 1, found.findings
    return found.findings[0]


def test_lets_honest_columns_through() -> None:
    found = guarded({"y": LABEL, "weak": NOISE + (LABEL == "yes")})
    assert found == Guarded(inputs=("noise", "weak"), findings=())


def test_leaves_out_what_the_project_ignores() -> None:
    assert guarded({"y": LABEL, "x": NOISE}, ignore=("x",)).inputs == ("noise",)


def test_leaves_out_identifiers_by_name() -> None:
    ids = {"id": [f"c{n}" for n in range(ROWS)]}
    finding = only(guarded({"y": LABEL, **ids}, {"id": ColumnType.IDENTIFIER}))
    assert finding.dropped
    assert finding.message == "'id' identifies rows, so it is not a feature"


def test_leaves_out_the_key() -> None:
    finding = only(guarded({"y": LABEL, "user": RANDOM.integers(0, 50, ROWS)}, key="user"))
    assert finding.message == "'user' names the row (`key:` under `data:`), so it is not a feature"


@pytest.mark.parametrize(
    ("values", "says"),
    [(["same"] * ROWS, "is 'same' in every row"), ([None] * ROWS, "has no value in any row")],
    ids=["constant", "empty"],
)
def test_leaves_out_columns_that_say_nothing(values: list[Any], says: str) -> None:
    found = guarded({"y": LABEL, "x": values})
    assert found.inputs == ("noise",)
    assert says in only(found).message


def test_keeps_a_column_whose_gaps_may_tell() -> None:
    assert "x" in guarded({"y": LABEL, "x": [None, "same"] * (ROWS // 2)}).inputs


@pytest.mark.parametrize(
    "values",
    [LABEL, LABEL == "yes", np.where(LABEL == "yes", 7.5, -1.0)],
    ids=["same", "boolean", "recoded"],
)
def test_leaves_out_the_target_under_another_name(values: Any) -> None:
    found = guarded({"y": LABEL, "x": values})
    assert found.inputs == ("noise",)
    assert only(found).message == (
        "'x' is the target 'y' under another name; dropped x as a leak (`keep:` under `data:` brings back)"
    )


def test_leaves_out_a_rescaled_number() -> None:
    found = guarded({"y": COUNT, "cents": COUNT * 100.0 + 3})
    assert found.inputs == ("noise",)
    assert only(found).kind == "copy"


def test_leaves_out_columns_that_add_up_to_the_target_and_names_them_together() -> None:
    casual = RANDOM.integers(0, 80, ROWS)
    registered = COUNT + 5
    found = guarded({"y": casual + registered, "registered": registered, "casual": casual})
    assert found.inputs == ("noise",)
    finding = only(found)
    assert finding.column == "casual + registered"
    assert finding.columns == ("casual", "registered")
    assert finding.message == (
        "casual + registered = y in every row: together these columns are the target; dropped "
        "casual, registered as a leak (`keep:` under `data:` brings back)"
    )


def test_finds_differences_and_sums_of_three() -> None:
    a, b, c = (RANDOM.normal(size=ROWS) * scale for scale in (1, 2, 3))
    found = guarded({"y": a + b - c, "a": a, "b": b, "c": c})
    assert only(found).column == "a + b - c"


def test_leaves_a_formula_to_the_model() -> None:
    a, b = RANDOM.normal(size=(2, ROWS))
    assert guarded({"y": 2.5 * a + 0.7 * b, "a": a, "b": b}).inputs == ("noise", "a", "b")


def test_does_not_take_a_noisy_sum_for_the_target() -> None:
    a, b = RANDOM.normal(size=(2, ROWS))
    assert guarded({"y": a + b + 0.3 * NOISE, "a": a, "b": b}).findings == ()


def test_leaves_out_a_column_that_decides_the_target_alone() -> None:
    score = np.where(LABEL == "yes", 1.0, 0.0) + 0.9 * RANDOM.random(ROWS)
    finding = only(guarded({"y": LABEL, "score": score}))
    assert finding.dropped
    assert "'score' alone puts right 100.0% of what a guess of 'y' gets wrong" in finding.message


def test_leaves_out_a_number_that_orders_the_target_alone() -> None:
    found = guarded({"y": COUNT.astype(float), "log": np.log1p(COUNT)})
    assert found.inputs == ("noise",)


def test_names_a_suspicious_column_but_keeps_it() -> None:
    flag = np.where(np.arange(ROWS) % 100 == 0, "no", LABEL)
    found = guarded({"y": LABEL, "flag": flag})
    finding = only(found)
    assert "flag" in found.inputs
    assert not finding.dropped
    assert "`ignore: [flag]` under `data:` leaves it out" in finding.message


def test_is_not_fooled_by_a_column_of_many_labels() -> None:
    cities = [f"city {n}" for n in range(ROWS)]
    assert guarded({"y": LABEL, "city": cities}).findings == ()


def test_keeps_what_the_user_asks_for_and_says_so() -> None:
    found = guarded({"y": LABEL, "x": LABEL}, keep=("x",))
    assert found.inputs == ("noise", "x")
    assert only(found).message.endswith("kept, because `keep:` under `data:` says so")


def test_drops_the_rest_of_a_sum_whose_part_is_kept() -> None:
    casual = RANDOM.integers(0, 80, ROWS)
    found = guarded({"y": casual + COUNT, "reg": COUNT, "casual": casual}, keep=("casual",))
    assert found.inputs == ("noise", "casual")


def test_keeps_the_only_column_though_it_says_everything() -> None:
    table, columns = world_of({"x": np.linspace(0, 1, ROWS), "y": np.linspace(3, 9, ROWS)})
    target = read_target(table, columns, "y")
    found = guard(table, columns, DataSpec(source="", target="y"), target, 0)
    assert found.inputs == ("x",)
    assert only(found).message.endswith("kept, because no other column is left")


def test_refuses_to_learn_from_nothing() -> None:
    table, columns = world_of({"y": LABEL, "x": ["same"] * ROWS})
    target = read_target(table, columns, "y")
    with pytest.raises(TrainingError, match="no column is left to predict 'y' from") as caught:
        guard(table, columns, DataSpec(source="", target="y"), target, 0)
    assert "'x' is 'same' in every row" in caught.value.why


def test_looks_through_five_thousand_columns_in_reasonable_time() -> None:
    wide = {f"x{n}": RANDOM.normal(size=200) for n in range(5_000)}
    table, columns = world_of({**wide, "y": RANDOM.normal(size=200)})
    target = read_target(table, columns, "y")
    found = guard(table, columns, DataSpec(source="", target="y"), target, 0)
    assert len(found.inputs) == 5_000
