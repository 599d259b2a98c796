from typing import Any

import numpy as np
import pytest

from keepwell.core.errors import UsageError
from keepwell.core.records import GateCheck, GateVerdict, Task
from keepwell.core.spec import FairnessSpec, GateSpec
from keepwell.training.gates import Scores, judge

CLASSES = ("no", "yes")
ROWS = 400
RANDOM = np.random.default_rng(5)
TRUTH = np.where(RANDOM.random(ROWS) < 0.4, "yes", "no").tolist()
LUCK = RANDOM.random(ROWS)


def said(noise: float) -> Scores:
    """Scores that are right about most rows: the less noise, the more."""
    truth = np.array([label == "yes" for label in TRUTH])
    chance = np.clip((1 - noise) * truth + noise * LUCK, 0.01, 0.99)
    labels = np.where(chance > 0.5, "yes", "no").tolist()
    return Scores(predictions=labels, probabilities=np.column_stack([1 - chance, chance]))


def verdict(gate: GateSpec, candidate: Scores, **given: Any) -> GateVerdict:
    known: dict[str, Any] = {"task": Task.BINARY, "classes": CLASSES, "metric": "roc_auc"}
    return judge(gate, **(known | {"actual": TRUTH} | given), candidate=candidate)


def only(found: GateVerdict) -> GateCheck:
    assert len(found.checks) == 1
    return found.checks[0]


def test_opens_for_anybody_if_nothing_is_asked() -> None:
    assert verdict(GateSpec(), said(0.7)) == GateVerdict(passed=True)


def test_says_by_how_much_a_limit_was_missed() -> None:
    check = only(verdict(GateSpec(min={"accuracy": 0.99}), said(0.7)))
    assert not check.passed
    assert check.name == "min accuracy"
    assert check.limit == 0.99
    assert check.detail.startswith(f"{0.99 - check.value:.4g} below the limit on 400 rows")


def test_reads_a_limit_as_the_worst_allowed_value_where_less_is_better() -> None:
    assert verdict(GateSpec(min={"log_loss": 2.0}), said(0.5)).passed
    missed = only(verdict(GateSpec(min={"log_loss": 0.01}), said(0.5)))
    assert not missed.passed
    assert "above the limit" in missed.detail


def test_lets_a_clearly_better_candidate_pass_and_says_so() -> None:
    found = verdict(GateSpec(), said(0.55), champion=said(0.75))
    assert found.passed
    assert found.better
    check = only(found)
    assert check.value > 0
    assert "better than the champion on the same 400 rows (95% interval" in check.detail


def test_stops_a_worse_candidate() -> None:
    found = verdict(GateSpec(), said(0.75), champion=said(0.55))
    assert not found.passed
    assert not found.better
    assert "worse than the champion" in only(found).detail


def test_allows_the_drop_that_was_agreed() -> None:
    check = only(verdict(GateSpec(max_drop=0.5), said(0.75), champion=said(0.55)))
    assert check.passed
    assert check.value < 0
    assert check.limit == -0.5


def test_takes_the_champion_itself_for_as_good_but_not_better() -> None:
    found = verdict(GateSpec(), said(0.6), champion=said(0.6))
    assert found.passed
    assert not found.better
    assert only(found).detail.startswith("as good as the champion")


def test_turns_the_difference_round_where_less_is_better() -> None:
    truth = np.linspace(0, 10, 100)
    noise = np.random.default_rng(1).normal(size=100)
    found = judge(
        GateSpec(),
        task=Task.REGRESSION,
        classes=(),
        metric="rmse",
        actual=truth.tolist(),
        candidate=Scores(predictions=truth + 0.5 * noise),
        champion=Scores(predictions=truth + noise),
    )
    assert found.better
    assert only(found).value > 0


def test_does_not_pass_what_the_rows_cannot_decide() -> None:
    found = verdict(
        GateSpec(min={"roc_auc": 0.5}),
        Scores(predictions=["no"] * 20, probabilities=np.full((20, 2), 0.5)),
        champion=Scores(predictions=["no"] * 20, probabilities=np.full((20, 2), 0.5)),
        actual=["no"] * 20,
    )
    assert [check.passed for check in found.checks] == [False, False]
    assert all(check.detail.startswith("undecided") for check in found.checks)


@pytest.mark.parametrize(("measured", "passed"), [(3.0, True), (7.0, False), (None, False)])
def test_holds_the_latency_to_its_limit(measured: float | None, passed: bool) -> None:
    check = only(verdict(GateSpec(latency_ms=5.0), said(0.5), latency_ms=measured))
    assert check.passed is passed


def test_measures_the_gap_between_groups() -> None:
    labels = ["yes"] * 30 + ["no"] * 10 + ["yes"] * 10 + ["no"] * 30
    gate = GateSpec(fairness=FairnessSpec(by="sex", max_gap=0.4))
    found = verdict(gate, Scores(predictions=labels), actual=labels, groups=["f"] * 40 + ["m"] * 40)
    check = only(found)
    assert not check.passed
    assert check.value == pytest.approx(0.5)
    assert check.detail == "'yes' is predicted for 75.0% of f and 25.0% of m"


def test_leaves_tiny_groups_out_of_the_gap() -> None:
    labels = ["yes", "no"] * 30 + ["yes"] * 5
    gate = GateSpec(fairness=FairnessSpec(by="sex"))
    groups = ["f"] * 30 + ["m"] * 30 + ["x"] * 5
    assert verdict(gate, Scores(predictions=labels), actual=labels, groups=groups).passed


def test_does_not_pass_fairness_without_groups() -> None:
    gate = GateSpec(fairness=FairnessSpec(by="sex"))
    assert "no 'sex'" in only(verdict(gate, said(0.5))).detail
    assert not verdict(gate, said(0.5), groups=["f"] * ROWS).passed


def test_refuses_fairness_of_a_regression() -> None:
    gate = GateSpec(fairness=FairnessSpec(by="sex"))
    scores = Scores(predictions=[1.0] * 20)
    with pytest.raises(UsageError, match="asks for selection_rate"):
        judge(
            gate,
            task=Task.REGRESSION,
            classes=(),
            metric="rmse",
            actual=[1.0] * 20,
            candidate=scores,
        )


def test_refuses_a_limit_on_a_metric_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="did you mean 'accuracy'"):
        verdict(GateSpec(min={"acuracy": 0.9}), said(0.5))
