"""Data drift and concept drift, told apart."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from keepwell.monitoring.concept import find_change

Floats = NDArray[np.float64]


def columns(age: Floats, plan: object = None) -> dict[str, pa.Array]:
    found = {
        "age": pa.array(age),
        "noise": pa.array(np.random.default_rng(9).normal(size=len(age))),
    }
    return found if plan is None else {**found, "plan": pa.array(plan)}


def errors(age: Floats, random: np.random.Generator, extra: object = 0.0) -> Floats:
    """Draw errors of a model that errs more on the old."""
    chance = np.where(age > 60, 0.5, 0.1) + np.asarray(extra)
    wrong: Floats = (random.random(len(age)) < chance).astype(float)
    return wrong


def test_another_relation_is_the_concepts() -> None:
    random = np.random.default_rng(0)
    age = random.uniform(20, 80, 3000)
    extra = np.where(np.arange(3000) >= 2000, 0.25, 0.0)
    found = find_change(errors(age, random, extra), columns(age))
    assert found is not None
    assert found.certain
    assert abs(found.explained) < 0.05
    assert abs(found.rise - 0.25) < 0.08
    assert abs(found.rows - 1000) < 250


def test_other_inputs_are_the_datas() -> None:
    """The old, on whom the model always erred, are three times as many: errors rise, the relation stays."""
    explained = []
    for seed in range(10):
        random = np.random.default_rng(seed)
        age = np.concatenate([random.uniform(20, 65, 2000), random.uniform(50, 90, 1000)])
        found = find_change(errors(age, random), columns(age))
        assert found is not None
        assert not found.certain, seed
        explained.append(found.explained)
    assert 0.15 < np.mean(explained) < 0.35


def test_the_region_is_told() -> None:
    random = np.random.default_rng(3)
    age = random.uniform(20, 80, 4000)
    plan = random.choice(["basic", "fiber"], 4000)
    late = np.arange(4000) >= 2500
    found = find_change(
        errors(age, random, np.where(late & (age <= 45), 0.6, 0.0)), columns(age, plan)
    )
    assert found is not None
    assert found.certain
    assert "`age` is at most" in found.where


def test_the_same_errors_are_no_change() -> None:
    random = np.random.default_rng(4)
    age = random.uniform(20, 80, 3000)
    assert find_change(errors(age, random), columns(age)) is None


def test_too_few_rows_say_nothing() -> None:
    assert find_change(np.ones(30), columns(np.ones(30))) is None


def test_a_world_without_inputs_is_all_concept() -> None:
    losses = np.concatenate([np.tile([0.0, 0.2], 300), np.tile([1.0, 0.8], 300)])
    found = find_change(losses, {})
    assert found is not None
    assert found.certain
    assert found.where == ""
