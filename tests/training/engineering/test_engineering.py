"""Features that pay are found, others are not, leaks are left out, and what is shown was measured."""

from typing import Any

import numpy as np
import pytest
from training_worlds import World, columns_of, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.features import Derived, FeaturesSpec, Steps
from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training import train
from keepwell.training.engineering.gains import gain_interval
from keepwell.training.engineering.selection import engineered
from keepwell.training.framing import frame_problem
from keepwell.training.search.store import MemoryStore

DATA = DataSpec(source="x", target="y")


def rates(rows: int = 2500) -> World:
    """A number that is a ratio of two columns: boxes around it take many splits."""
    random = np.random.default_rng(3)
    paid, months = random.uniform(10, 1000, rows), random.uniform(1, 60, rows)
    city = random.choice(["a", "b", "c", "d"], rows)
    y = np.log(paid / months) + 0.1 * random.normal(size=rows)
    return world_of({"paid": paid, "months": months, "city": city, "y": y})


def noise(rows: int = 600) -> World:
    random = np.random.default_rng(4)
    return world_of(
        {
            "one": random.normal(size=rows),
            "two": random.normal(size=rows),
            "city": random.choice(["a", "b", "c", "d"], rows),
            "y": random.choice(["no", "yes"], rows),
        }
    )


def tried(world: World, **options: Any) -> Any:
    framed = frame_problem(*world, DATA, TrainSpec(**options))
    return engineered(framed.problem, framed.folds, lambda: False)


def test_a_ratio_that_tells_is_found_and_its_gain_shown() -> None:
    problem, made = tried(rates())
    best = made[0]
    assert best.kept
    assert best.label in ("paid / months", "months / paid")
    assert best.gain is not None
    assert best.low is not None
    assert 0 < best.low < best.gain
    assert [one.name for one in problem.features.derive] == [o.feature.name for o in made if o.kept]


def test_nothing_is_made_of_noise() -> None:
    _, made = tried(noise())
    assert made
    assert [one.label for one in made if one.kept] == []
    assert all(one.note for one in made)


def test_a_product_that_is_the_target_is_left_out_as_a_leak() -> None:
    random = np.random.default_rng(5)
    count, each = random.uniform(1, 50, 400), random.uniform(1, 9, 400)
    world = world_of({"count": count, "each": each, "y": count * each})
    problem, made = tried(world)
    leaking = {one.label for one in made if one.note.startswith("a leak")}
    assert leaking & {"count * each", "each * count"}
    assert not leaking & {one.detail for one in problem.features.derive}


def test_a_declared_leak_is_left_out_unless_it_is_kept() -> None:
    random = np.random.default_rng(5)
    count, each = random.uniform(1, 50, 400), random.uniform(1, 9, 400)
    world = world_of({"count": count, "each": each, "y": count * each})
    sold = Derived(name="sold", kind="formula", columns=("count", "each"), detail="count * each")
    features = FeaturesSpec(derive=(sold,))
    framed = frame_problem(*world, DATA, TrainSpec(), features=features)
    assert framed.problem.features.derive == ()
    assert any("'sold'" in f.message and "leak" in f.message for f in framed.findings)
    kept = DataSpec(source="x", target="y", keep=("sold",))
    framed = frame_problem(*world, kept, TrainSpec(), features=features)
    assert framed.problem.features.derive == (sold,)


def test_a_resumed_run_has_the_same_features_without_the_time() -> None:
    framed = frame_problem(*rates(400), DATA, TrainSpec())
    store = MemoryStore()
    first = engineered(framed.problem, framed.folds, lambda: False, store)
    again = engineered(framed.problem, framed.folds, lambda: True, store)
    assert again == first


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (FeaturesSpec(columns={"payd": Steps(log=True)}), "did you mean 'paid'"),
        (FeaturesSpec(columns={"city": Steps(log=True)}), "type category"),
        (FeaturesSpec(columns={"paid": Steps(encode="target")}), "type number"),
        (
            FeaturesSpec(
                derive=(Derived(name="q", kind="formula", columns=("city",), detail="city"),)
            ),
            "cannot be made of 'city'",
        ),
        (FeaturesSpec(derive=(Derived(name="q", kind="share", columns=("paid",)),)), "of 'paid'"),
    ],
)
def test_what_does_not_fit_the_columns_is_refused(features: FeaturesSpec, words: str) -> None:
    with pytest.raises(TrainingError) as refused:
        frame_problem(*rates(100), DATA, TrainSpec(), features=features)
    error = refused.value
    assert words in f"{error.what} {error.why} {error.now}"


def test_folds_count_as_dependent() -> None:
    mean, low, high = gain_interval([1.0, 2.0, 3.0, 2.0, 2.0], 0.25)
    assert mean == 2.0
    assert high - mean == pytest.approx(2.776445 * np.sqrt(0.5 * (0.2 + 0.25)), rel=1e-6)
    assert low == pytest.approx(4.0 - high)


def test_a_model_tells_what_columns_and_steps_are_worth() -> None:
    random = np.random.default_rng(9)
    rows = 500
    plain = random.normal(size=rows)
    plain[:5] = 1e6  # what nobody can learn from
    y = np.clip(plain, -2, 2) + 0.2 * random.normal(size=rows)
    table, columns = world_of({"plain": plain, "nothing": random.normal(size=rows), "y": y})
    trained = train(
        table,
        columns,
        DATA,
        TrainSpec(budget=15.0, learners=("linear",), features="off"),
        features=FeaturesSpec(columns={"plain": Steps(clip=(0.02, 0.98))}),
    )
    report = trained.features
    assert report is not None
    assert report.made == ()
    (step,) = report.steps
    assert step.subject == "plain: clip"
    assert step.variance_before is not None
    assert step.variance_after is not None
    assert step.variance_before > 1e6 > step.variance_after
    assert step.low is not None
    assert step.low > 0  # without it the linear model is lost
    by_name = {effect.subject: effect for effect in report.columns}
    first, second = by_name["plain"].effect, by_name["nothing"].effect
    assert first is not None
    assert second is not None
    assert first > 0.3 > abs(second)
    clip = report.fitted["plain"][0]
    assert clip["step"] == "Clip"
    assert -3 < clip["low"] < clip["high"] < 1e6


def test_dates_and_texts_are_tried_too() -> None:
    import pyarrow as pa

    random = np.random.default_rng(2)
    rows = 400
    opened = random.integers(0, 10**8, rows)
    days = random.uniform(0, 30, rows)
    table = pa.table(
        {
            "opened": pa.array(opened * 10**6, pa.timestamp("us")),
            "closed": pa.array(
                ((opened + days * 86400) * 1e6).astype(np.int64), pa.timestamp("us")
            ),
            "note": ["word " * int(n) for n in random.integers(1, 40, rows)],
            "y": days + random.normal(size=rows),
        }
    )
    _, made = tried((table, columns_of(table, note=ColumnType.TEXT)))
    assert made[0].kept
    assert made[0].feature.columns in (("opened", "closed"), ("closed", "opened"))
