"""Forecasts: learnt, measured by backtesting, compiled and asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_worlds import Listener, World, world_of

from keepwell.core.errors import InvalidRequestError, TrainingError
from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import Scorer, build_scorer_files, load_scorer
from keepwell.tracking.metrics import measure
from keepwell.training import Trained, train

SPEC = TrainSpec(task=Task.FORECAST, budget=30.0, horizon=7)
START = datetime(2024, 1, 1, tzinfo=UTC)


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=day) for day in range(count)]


def sales(count: int = 280, shops: tuple[str, ...] = ("north", "south")) -> World:
    """A weekly cycle, a slow rise, and campaigns that are known beforehand; shops of unlike size."""
    random = np.random.default_rng(5)
    rows: dict[str, list[Any]] = {"day": [], "shop": [], "campaign": [], "weather": [], "sold": []}
    for size, shop in enumerate(shops, 1):
        for day, moment in enumerate(days(count)):
            campaign = bool(random.random() < 0.15)
            usual = 20 + 8 * np.sin(2 * np.pi * day / 7) + 0.03 * day + 15 * campaign
            sold = size * 10 * (usual + random.normal())
            for name, value in zip(
                rows, (moment, shop, campaign, random.normal(), sold), strict=True
            ):
                rows[name].append(value)
    if len(shops) == 1:
        del rows["shop"]
    return world_of(rows)


def data(key: str = "", time: str = "day") -> DataSpec:
    return DataSpec(source="", target="sold", time=time, key=key)


def scorer_of(trained: Trained, table: pa.Table) -> Scorer:
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table.slice(200, 80))
    assert proof.compiled
    assert proof.rows >= 80
    assert proof.largest_difference <= 1e-9
    return load_scorer(files.__getitem__, trained.signature)


@pytest.fixture(scope="module")
def shops() -> tuple[World, Trained, Scorer]:
    world = sales()
    trained = train(*world, data("shop"), replace(SPEC, known=("campaign",), learners=("linear",)))
    return world, trained, scorer_of(trained, world[0])


def test_beats_the_seasonal_naive_forecast_which_is_always_shown(
    shops: tuple[World, Trained, Scorer],
) -> None:
    _, trained, _ = shops
    assert trained.task is Task.FORECAST
    rows = {row.name: row.mean for row in trained.leaderboard}
    best, naive = trained.leaderboard[0].mean, rows["seasonal-naive"]
    assert best is not None
    assert naive is not None
    assert best < 0.8 * naive
    assert {"mae", "rmse", "r2", "smape", "wape", "mase"} <= set(trained.metrics)
    assert trained.metrics["mase"].value < 0.9
    assert any("the seasonal-naive forecast has" in f.message for f in trained.findings)


def test_answers_one_horizon_after_the_last_known_value(
    shops: tuple[World, Trained, Scorer],
) -> None:
    _, _, scorer = shops
    after = [START + timedelta(days=280 + ahead) for ahead in range(7)]
    rows = [{"day": day.isoformat(), "shop": "south", "campaign": False} for day in after]
    single = [scorer.rows([row]).predictions[0] for row in rows]
    assert np.allclose(scorer.rows(rows).predictions, single)
    truth = [20 * (20 + 8 * np.sin(2 * np.pi * day / 7) + 0.03 * day) for day in range(280, 287)]
    assert np.abs(np.array(single) - truth).max() < 150
    raised = scorer.rows([{**rows[0], "campaign": True}]).predictions[0]
    assert raised > single[0] + 100


def test_answers_with_quantiles_that_hold_what_comes(shops: tuple[World, Trained, Scorer]) -> None:
    _, trained, scorer = shops
    assert trained.signature.quantiles == (0.1, 0.9)
    assert 0.6 <= trained.metrics["interval_coverage"].value <= 0.97
    said = next(f.message for f in trained.findings if f.kind == "quantiles")
    assert "in backtesting, each stretch by the errors of the others, it was" in said
    row = {"day": (START + timedelta(days=281)).isoformat(), "shop": "south", "campaign": False}
    answer = scorer.rows([row])
    assert answer.quantiles is not None
    low, high = answer.quantiles.values[0]
    assert low < answer.predictions[0] < high


def test_quantiles_that_are_asked_for_are_given() -> None:
    world = sales(shops=("one",))
    spec = replace(SPEC, quantiles=(0.25, 0.5, 0.75), learners=("linear",))
    trained = train(*world, data(), spec)
    answer = scorer_of(trained, world[0]).rows([{"day": (START + timedelta(days=280)).isoformat()}])
    assert answer.quantiles is not None
    assert answer.quantiles.values.shape == (1, 3)


def test_the_past_is_told_for_a_chart(shops: tuple[World, Trained, Scorer]) -> None:
    from keepwell.deployment.scoring.past import past_of

    (table, _), _, scorer = shops
    told = past_of(scorer, [{"shop": "south"}, {"shop": "north"}, {"shop": "south"}], 3)
    assert [one["series"] for one in told] == ["south", "north"]
    assert told[0]["times"] == [day.isoformat().replace("+00:00", "Z") for day in days(280)[-3:]]
    assert told[0]["values"] == table["sold"].to_pylist()[-3:]


def test_answers_the_test_as_it_was_measured(shops: tuple[World, Trained, Scorer]) -> None:
    (table, _), trained, scorer = shops
    again = scorer.batch(table.take(pa.array(trained.test_rows))).predictions
    assert np.allclose(again, trained.test_predictions)
    measured = measure(Task.FORECAST, (), trained.test_actual, again)
    assert measured["mae"] == pytest.approx(trained.metrics["mae"].value)


def test_learns_nothing_from_the_test(shops: tuple[World, Trained, Scorer]) -> None:
    (table, columns), trained, _ = shops
    sold = np.array(table["sold"].to_pylist())
    sold[trained.test_rows[-3:]] *= -50  # the last days: no block of the test begins after them
    changed = table.set_column(table.column_names.index("sold"), "sold", pa.array(sold))
    again = train(
        changed, columns, data("shop"), replace(SPEC, known=("campaign",), learners=("linear",))
    )
    assert again.test_predictions == trained.test_predictions


def test_says_what_it_left_out_and_how_far_it_looks(shops: tuple[World, Trained, Scorer]) -> None:
    messages = " ".join(finding.message for finding in shops[1].findings)
    assert "2 series by 'shop', 280 steps of one day" in messages
    assert "weather left out: later values are not known" in messages
    assert "repeats the cycle of 7 steps" in messages


def test_watches_neither_the_time_nor_the_target(shops: tuple[World, Trained, Scorer]) -> None:
    names = [column.name for column in shops[1].profile.columns]
    assert names == ["shop", "campaign", "prediction"]


def test_draws_the_backtest_beside_what_came(shops: tuple[World, Trained, Scorer]) -> None:
    drawn = shops[1].plots["backtest"]
    names = [trace["name"] for trace in drawn["data"]]
    assert names[1:] == ["what came", "forecast", "seasonal-naive"]
    assert len({len(trace["x"]) for trace in drawn["data"][1:]}) == 1


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"day": "2026-01-01", "shop": "north", "campaign": False}, "too far ahead"),
        ({"day": "2024-10-08", "shop": "west", "campaign": False}, "there is no series 'west'"),
        ({"day": "2024-10-08T06:30:00Z", "shop": "north", "campaign": False}, "between two steps"),
    ],
)
def test_refuses_a_request_that_it_cannot_answer(
    shops: tuple[World, Trained, Scorer], row: dict[str, Any], what: str
) -> None:
    with pytest.raises(InvalidRequestError, match=what):
        shops[2].rows([row])


def test_boosted_trees_are_compiled_too() -> None:
    world = sales(shops=("one",))
    trained = train(*world, data(), replace(SPEC, learners=("lightgbm",)))
    assert trained.learner == "lightgbm"
    scorer_of(trained, world[0])


def test_a_series_that_nothing_explains_is_repeated_and_the_report_says_so() -> None:
    walk = np.cumsum(np.random.default_rng(0).normal(size=300))
    world = world_of({"day": days(300), "sold": walk})
    trained = train(*world, data(), replace(SPEC, learners=("baseline",)))
    assert trained.learner == "seasonal-naive"
    assert any("nothing is gained over repeating what was" in f.message for f in trained.findings)
    scorer_of(trained, world[0])


def test_months_are_steps_like_others(listener: Listener) -> None:
    moments = [datetime(2010 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(120)]
    sold = [100 + n + 30 * np.sin(2 * np.pi * n / 12) for n in range(120)]
    world = world_of({"day": moments, "sold": sold})
    trained = train(*world, data(), TrainSpec(task=Task.FORECAST, budget=20), progress=listener)
    assert trained.params["horizon"] == 12
    assert trained.metrics["mase"].value < 0.6
    assert any("backtesting" in message for message, _, _ in listener.heard)


def test_a_number_by_time_stays_a_regression_and_gets_a_hint() -> None:
    world = sales(shops=("one",))
    trained = train(*world, data(), TrainSpec(budget=3.0, folds=2, learners=("linear",)))
    assert trained.task is Task.REGRESSION
    assert any("`task: forecast` under `train:`" in f.message for f in trained.findings)


def irregular() -> World:
    random = np.random.default_rng(0)
    moments = [START + timedelta(hours=float(h)) for h in np.cumsum(random.exponential(20, 100))]
    return world_of({"day": moments, "sold": random.normal(size=100)})


BAD: dict[str, tuple[World, DataSpec, TrainSpec, str, str]] = {
    "no time": (
        world_of({"day": ["a"] * 60, "sold": np.arange(60.0)}), data(time=""), SPEC,
        "needs to know when", "set `time:`",
    ),
    "a misspelt time": (sales(), data("shop", "dya"), SPEC, "'dya' is not in the data", "day"),
    "a time that is a label": (
        world_of({"day": ["a"] * 60, "sold": np.arange(60.0)}), data(), SPEC,
        "does not say when", "datetime",
    ),
    "no equal steps": (irregular(), data(), SPEC, "follow no equal steps", "add the values up"),
    "two values at once": (sales(), data(), SPEC, "2 rows hold the value", "set `key:`"),
    "too short": (
        sales(30, ("one",)), data(), replace(SPEC, horizon=20), "too few to forecast 20 ahead",
        "smaller `horizon:`",
    ),
    "a column that is not there": (
        sales(), data("shop"), replace(SPEC, known=("campain",)), "'campain' cannot be", "campaign",
    ),
    "the target itself": (
        sales(), data("shop"), replace(SPEC, known=("sold",)), "it is what is forecast", "take it off",
    ),
    "a metric of classes": (sales(), data("shop"), replace(SPEC, metric="f1"), "does not fit", "mae"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_refuses_what_cannot_be_learnt_from_and_says_what_to_do(case: str) -> None:
    from keepwell.core.errors import KeepwellError

    world, given, spec, what, now = BAD[case]
    with pytest.raises(KeepwellError) as refused:
        train(*world, given, spec)
    assert what in refused.value.what
    assert refused.value.why
    assert now in refused.value.now


def test_a_missing_time_is_refused() -> None:
    world = world_of(
        {"day": pa.array([*days(59), None], pa.timestamp("us", tz="UTC")), "sold": np.arange(60.0)}
    )
    with pytest.raises(TrainingError, match="is missing in 1 of 60 rows"):
        train(*world, data(), SPEC)
    assert world[1][0].type is ColumnType.DATETIME
