"""What is tried next, without a fit: scores are a formula."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from keepwell.core.errors import UsageError
from keepwell.core.spec import Range, SearchSpec, Values
from keepwell.training.learners import Candidate
from keepwell.training.problem import Problem
from keepwell.training.search.proposals import Grid, Optuna, importances_of_grid
from keepwell.training.search.spaces import checked, combinations

SPACE: dict[str, dict[str, Values]] = {
    "net": {
        "rate": Range(low=1e-4, high=1.0, log=True),
        "batch": Range(low=8, high=512, log=True, whole=True),
        "widths": ("32", "64,32", "128,64"),
    }
}
PROBLEM = cast("Problem", type("Seeded", (), {"seed": 3})())


def score(params: dict[str, Any]) -> float:
    """Best at a rate of 0.01 and the middle widths; the batch hardly matters."""
    return float(
        -((np.log10(params["rate"]) + 2) ** 2)
        - 0.3 * (params["widths"] != "64,32")
        - 0.001 * abs(np.log2(params["batch"]) - 6)
    )


def searched(method: str, trials: int, seed: int = 3) -> tuple[list[float], Optuna]:
    problem = cast("Problem", type("Seeded", (), {"seed": seed})())
    spec = SearchSpec(method=method, space=SPACE)
    optuna = Optuna(["net"], {"net": cast("Any", None)}, problem, spec)
    scores: list[float] = []
    while len(scores) < trials:
        for proposal in optuna.ask(4, ["net"]):
            scores.append(score(dict(proposal.candidate.params)))
            optuna.tell(proposal, scores[-1])
    return scores, optuna


def needed(scores: Sequence[float], target: float) -> int:
    return next((at for at, value in enumerate(scores, 1) if value >= target), len(scores) + 1)


def test_tpe_needs_fewer_trials_than_chance_to_the_same_target() -> None:
    target = -0.02
    tpe = [needed(searched("tpe", 60, seed)[0], target) for seed in range(5)]
    chance = [needed(searched("random", 60, seed)[0], target) for seed in range(5)]
    assert np.median(tpe) < np.median(chance)


def test_tells_which_settings_matter() -> None:
    _, optuna = searched("random", 40)
    shares = optuna.importances()["net"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["rate"] > 0.6
    assert shares["batch"] < 0.1


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_equal_seeds_and_scores_draw_equal_trials(method: str) -> None:
    assert searched(method, 16)[0] == searched(method, 16)[0]
    assert searched(method, 16, seed=1)[0] != searched(method, 16, seed=2)[0]


def test_proposes_nothing_twice_and_stops_when_all_was_tried() -> None:
    spec = SearchSpec(method="random", space={"net": {"widths": ("a", "b", "c")}})
    optuna = Optuna(["net"], {"net": cast("Any", None)}, PROBLEM, spec)
    made = [p.candidate.params["widths"] for _ in range(4) for p in optuna.ask(2, [])]
    assert sorted(str(width) for width in made) == ["a", "b", "c"]


def test_a_grid_holds_every_combination_with_those_of_the_preparation() -> None:
    space: dict[str, dict[str, Values]] = {
        "linear": {"C": (0.1, 1.0)},
        "preparation": {"scale": ("standard", "robust")},
    }
    found = combinations("linear", space)
    assert len(found) == 4
    assert ({"C": 1.0}, {"scale": "robust"}) in found
    grid = Grid(["linear"], SearchSpec(method="grid", space=space))
    asked = grid.ask(3, [])
    assert [proposal.candidate.name for proposal in asked] == [
        "linear/grid-1", "linear/grid-2", "linear/grid-3",
    ]  # fmt: skip
    assert len(grid.ask(3, [])) == 1
    assert asked[1].candidate.preparation == {"scale": "robust"}


def test_refuses_a_range_in_a_grid_and_a_grid_without_end() -> None:
    with pytest.raises(UsageError, match="a grid cannot hold 'rate' of net"):
        combinations("net", SPACE)
    many: dict[str, dict[str, Values]] = {
        "net": {name: tuple(range(20)) for name in ("a", "b", "c", "d")}
    }
    with pytest.raises(UsageError, match="160,000 combinations"):
        combinations("net", many)


def test_refuses_ways_to_prepare_that_there_are_not() -> None:
    with pytest.raises(UsageError, match="cannot vary 'scale' like that"):
        checked({"preparation": {"scale": ("standard", "softly")}}, {})
    with pytest.raises(UsageError, match="cannot vary 'colour' like that"):
        checked({"preparation": {"colour": ("red",)}}, {})


def test_tells_which_settings_of_a_grid_matter() -> None:
    tried = [
        (Candidate(name="x", learner="net", params={"a": a, "b": b}), 10.0 * a + 0.01 * b)
        for a in (1, 2, 3)
        for b in (1, 2, 3)
    ]
    shares = importances_of_grid(tried, seed=0)["net"]
    assert shares["a"] > 0.9
