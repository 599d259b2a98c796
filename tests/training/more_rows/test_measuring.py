"""The winner on parts of the rows."""

from dataclasses import replace

import numpy as np
import pytest
from training_worlds import World, world_of

from keepwell.core.progress import SilentProgress
from keepwell.core.spec import DataSpec, SearchSpec, TrainSpec
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.learners import installed
from keepwell.training.more_rows import Curve, measure_curve
from keepwell.training.plots.growth import growth
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Outcome
from keepwell.training.search.trials import Trial
from keepwell.training.workers.here import HereRunner


def world(rows: int) -> World:
    """Twenty columns of which each says a little: a linear model wants many rows."""
    random = np.random.default_rng(5)
    columns = {f"x{at}": random.normal(size=rows) for at in range(20)}
    total = sum(columns.values()) + random.normal(size=rows)
    return world_of({**columns, "label": np.where(total > 0, "yes", "no")})


def curve_of(
    rows: int = 500, wanted: str = "auto", learner: str = "linear", budget: float = 60.0
) -> Curve | None:
    spec = TrainSpec(learners=(learner,), folds=4, repeats=1, metric="log_loss")
    framed = frame_problem(*world(rows), DataSpec(source="", target="label"), spec)
    learners = installed([learner])
    runner = HereRunner(framed.problem, framed.folds, learners)
    trial = Trial(
        candidate=learners[learner].candidates(framed.problem)[0], learner=learners[learner]
    )
    for fold in range(4):
        trial.accept(fold, 1.0, Outcome(score=0.3 + 0.01 * fold, seconds=0.01))
    return measure_curve(
        trial,
        framed.problem,
        framed.folds,
        wanted=wanted,
        budget=Budget(budget),
        runner=runner,
        measuring=0.0,
        progress=SilentProgress(),
    )


def test_parts_of_the_rows_are_worse_and_more_rows_are_said_to_help() -> None:
    curve = curve_of()
    assert curve is not None
    assert sorted(curve.scores) == [38, 77, 154, 307]
    means = [np.mean(list(curve.scores[size].values())) for size in sorted(curve.scores)]
    assert means[0] > means[1] > means[2]  # a loss falls
    assert set(curve.scores[38]) == {0, 1, 2, 3}
    assert curve.expected.gain > 0
    assert "twice as many are expected to bring +" in curve.told
    assert "linear/plain has" in curve.told
    drawn = growth(curve)
    assert drawn["data"][0]["x"] == [38, 77, 154, 307]
    assert drawn["data"][1]["x"][-1] == 614
    low, high = sorted(drawn["data"][2]["y"])
    assert low <= drawn["data"][1]["y"][-1] <= high


@pytest.mark.parametrize(
    "given",
    [
        {"wanted": "off"},
        {"rows": 200},
        {"learner": "baseline"},
        {"budget": 0.05},
        {"budget": 0.0, "wanted": "on"},
    ],
    ids=["not wanted", "few rows", "no model", "dear", "no time"],
)
def test_is_left_out_where_it_would_say_nothing_or_cost_too_much(given: dict[str, object]) -> None:
    assert curve_of(**given) is None  # type: ignore[arg-type]


def test_a_curve_says_whether_more_rows_help_hurt_or_cannot_be_told() -> None:
    curve = curve_of()
    assert curve is not None
    for low, high, said in [
        (0.1, 0.3, "more rows would help: "),
        (-0.3, -0.1, "more rows would not help: "),
        (-0.1, 0.3, "whether more rows would help cannot be told: "),
    ]:
        expected = replace(curve.expected, low=low, high=high)
        assert replace(curve, expected=expected).told.startswith(said)


def test_a_training_tells_it_and_draws_it() -> None:
    spec = TrainSpec(
        learners=("linear",),
        folds=4,
        repeats=1,
        budget=200,
        learning_curve="on",
        ensemble=1,
        search=SearchSpec(trials=0),
    )
    trained = train(*world(500), DataSpec(source="", target="label"), spec)
    (told,) = [one for one in trained.findings if one.kind == "rows"]
    assert "twice as many" in told.message
    assert trained.plots["learning_curve"]["layout"]["title"]["text"] == "Would more rows help?"
