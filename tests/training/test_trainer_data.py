"""A training copes with the data that there is: times, prose, gaps, few rows, many labels, odd numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from quick_training import QUICK, churn_world, learnt
from training_worlds import world_of

from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import SearchSpec
from keepwell.data.profiles import profile_table
from keepwell.features import Decoder
from keepwell.features.preparation import preparation
from keepwell.features.signature import infer_signature


def test_names_positions_in_the_table_it_was_given_though_outcomes_are_missing() -> None:
    table, columns = churn_world()
    left = [None if row % 3 == 0 else value for row, value in enumerate(table["left"].to_pylist())]
    gaps = table.set_column(2, "left", pa.array(left))
    found = learnt((gaps, columns), "left")
    assert not any(row % 3 == 0 for row in found.test_rows)
    assert [left[row] for row in found.test_rows] == found.test_actual
    assert [finding.kind for finding in found.findings] == ["task", "split", "target"]


def test_splits_by_time_and_learns_from_its_parts() -> None:
    random = np.random.default_rng(4)
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(1_000)]
    load = [50 + 20 * (8 <= hour.hour < 18) + random.normal() for hour in hours]
    world = world_of({"hour": pa.array(hours, pa.timestamp("us", tz="UTC")), "load": load})
    found = learnt(world, "load")
    assert found.test_rows.tolist() == list(range(800, 1_000))
    assert found.metrics["rmse"].value < 3
    assert found.importance == {"hour": 1.0}


def test_learns_from_prose() -> None:
    random = np.random.default_rng(5)
    words = np.array(["lovely", "awful", "table", "chair", "window"])
    kinds = random.integers(0, 2, 300)
    texts = [f"a {words[kind]} {random.choice(words[2:])} indeed" for kind in kinds]
    world = world_of({"text": texts, "good": kinds == 0}, text=ColumnType.TEXT)
    found = learnt(world, "good")
    assert found.signature.classes == (False, True)
    assert found.metrics["accuracy"].value == 1.0


def test_copes_with_gaps_infinities_and_odd_names() -> None:
    table, _ = churn_world()
    odd = {
        "class": [float("inf") if n % 50 == 0 else float(n % 7) for n in range(400)],
        'quo"te\n😀' + "x" * 300: [None if n % 9 == 0 else n for n in range(400)],
        "left": table["left"],
        "plan": table["plan"],
    }
    found = learnt(world_of(odd), "left")
    assert len(found.signature.inputs) == 3
    assert not any(field.required for field in found.signature.inputs[:2])


def test_keeps_classes_that_only_test_rows_have_as_misses() -> None:
    labels = ["a", "b"] * 40 + ["c"] * 20
    stamp = pa.array(range(100), pa.timestamp("s"))
    world = world_of({"x": np.arange(100) % 2, "t": stamp, "y": labels})
    found = learnt(world, "y", data={"time": "t"})
    assert found.signature.classes == ("a", "b")
    assert set(found.test_actual) == {"c"}
    assert found.metrics["accuracy"].value == 0.0
    assert "roc_auc" not in found.metrics


@pytest.mark.parametrize("rows", [10, 14, 25])
def test_makes_something_of_very_few_rows(rows: int) -> None:
    random = np.random.default_rng(rows)
    labels = np.where(np.arange(rows) % 2 == 0, "a", "b")
    found = learnt(world_of({"x": random.normal(size=rows), "y": labels}), "y")
    assert len(found.test_rows) >= 2
    assert "accuracy" in found.metrics


def test_makes_something_of_seven_classes_one_of_them_rare() -> None:
    random = np.random.default_rng(9)
    codes = np.concatenate([np.repeat(np.arange(6), 30), [6, 6]])
    x = codes + 0.2 * random.normal(size=len(codes))
    labels = np.array(["u", "v", "w", "x", "y", "z", "rare"])[codes]
    found = learnt(world_of({"x": x, "noise": random.normal(size=len(codes)), "y": labels}), "y")
    assert found.task is Task.MULTICLASS
    assert found.metric == "log_loss"
    assert len(found.signature.classes) == 7
    assert found.metrics["accuracy"].value > 0.8


def test_learns_beside_a_column_of_which_every_row_has_a_label_of_its_own() -> None:
    random = np.random.default_rng(0)
    rows = 30_000
    code = np.char.add("c", np.arange(rows).astype(str))
    x = random.normal(size=rows)
    world = world_of(
        {"code": code, "x": x, "y": np.where(x + random.normal(size=rows) > 0, "a", "b")}
    )
    spec = replace(QUICK, learners=("linear",), budget=120.0, search=SearchSpec(trials=0), folds=2)
    found = learnt(world, "y", spec)
    assert found.metrics["roc_auc"].value > 0.7
    assert len(found.signature.inputs[0].categories) <= 1_000


def test_frames_and_encodes_a_column_of_a_million_labels() -> None:
    rows = 1_000_000
    random = np.random.default_rng(0)
    shop, x = pa.array(np.arange(rows).astype(str)), random.normal(size=rows)
    table, columns = world_of({"shop": shop, "x": x}, shop=ColumnType.CATEGORY)
    signature = infer_signature(table, columns, ("shop", "x"), "", Task.CLUSTERING)
    assert len(signature.inputs[0].categories) <= 1_000
    frame = Decoder(signature).table(table)
    prepared = preparation(signature, "tree")
    codes = np.asarray(prepared.fit_transform(frame, random.normal(size=rows)))
    assert codes.shape[0] == rows
    assert codes.shape[1] <= 100
    seen = profile_table(table, columns).columns[0]
    assert seen.distinct == pytest.approx(rows, rel=0.05)
    assert len(seen.top) <= 1_000


def test_learns_from_ten_times_as_many_columns_as_rows() -> None:
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {f"x{n}": random.normal(size=200) for n in range(1_997)}
    columns |= {"none": pa.nulls(200, pa.float64()), "same": ["a"] * 200}
    world = world_of({**columns, "y": np.where(columns["x7"] > 0, "a", "b")})
    spec = replace(QUICK, budget=6.0, folds=2, learners=("lightgbm",), features="off", repeats=1)
    found = learnt(world, "y", replace(spec, search=SearchSpec(trials=0)), data={"keep": ("x7",)})
    assert len(found.signature.inputs) == 1_997
    assert {f.column for f in found.findings if f.dropped} == {"none", "same"}
    if found.learner != "baseline":  # on a busy machine: it comes back, and says so
        assert found.metrics["roc_auc"].value > 0.9
        assert max(found.importance, key=lambda name: found.importance[name]) == "x7"


def test_learns_numbers_among_which_some_are_a_trillion_and_says_so() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    y = 3 * x + random.normal(size=400)
    y[:3] = 1e12
    found = learnt(world_of({"x": x, "y": y}), "y")
    told = [finding.message for finding in found.findings if finding.kind == "target"]
    assert any("3 of 400 rows have a 'y' far off the rest, up to 1e+12" in each for each in told)
    assert np.isfinite(found.test_predictions).all()
    assert all(np.isfinite(one.value) for one in found.metrics.values())
    plain = learnt(world_of({"x": x[3:], "y": y[3:]}), "y")
    assert not [finding for finding in plain.findings if "far off" in finding.message]


def test_tells_of_test_rows_that_were_learnt_from_once_more() -> None:
    random = np.random.default_rng(0)
    x, z = random.normal(size=300), random.normal(size=300)
    once = {"x": x, "z": z, "y": np.where(x + z > 0, "a", "b")}
    twice = {name: np.concatenate([values, values]) for name, values in once.items()}
    spec = replace(QUICK, learners=("linear",), repeats=1)
    told = [f.message for f in learnt(world_of(twice), "y", spec).findings if f.kind == "split"]
    assert any("hold the same in each column as a row that is learnt from" in each for each in told)
    told = [f.message for f in learnt(world_of(once), "y", spec).findings if f.kind == "split"]
    assert not any("hold the same" in each for each in told)
