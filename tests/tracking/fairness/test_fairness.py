"""Rates and gaps are fairlearn's; what cannot be decided is left out."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import FairnessView, Task
from keepwell.tracking.fairness import fairness_view, groups_of, suggested
from keepwell.tracking.metrics import Scores

CLASSES = ("no", "yes")
FAIRLEARN = {
    "selection_rate": "demographic_parity_difference",
    "disparate_impact": "demographic_parity_ratio",
    "true_positive_rate": "equal_opportunity_difference",
    "equalized_odds": "equalized_odds_difference",
}


def view(
    actual: list[str], said: list[str], groups: list[Any], chances: Any = None, **more: Any
) -> FairnessView:
    return fairness_view(
        "g",
        groups,
        task=Task.BINARY,
        classes=CLASSES,
        actual=actual,
        scores=Scores(predictions=said, probabilities=chances),
        **more,
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_gaps_equal_fairlearns(seed: int, groups: int) -> None:
    from fairlearn import metrics

    random = np.random.default_rng(seed)
    member = np.repeat(np.arange(groups), 60)
    actual = random.random(len(member)) < 0.5
    actual[::30], actual[1::30] = True, False  # every group has both
    said = random.random(len(member)) < 0.3 + 0.1 * member
    words = np.array(CLASSES)
    found = view(
        words[actual.astype(int)].tolist(),
        words[said.astype(int)].tolist(),
        [f"g{one}" for one in member],
    )
    for ours, theirs in FAIRLEARN.items():
        expected = getattr(metrics, theirs)(actual, said, sensitive_features=member)
        assert found.gaps[ours].value == pytest.approx(expected, abs=1e-9), ours
    frame = metrics.MetricFrame(
        metrics={
            "selection_rate": metrics.selection_rate,
            "true_positive_rate": metrics.true_positive_rate,
            "false_positive_rate": metrics.false_positive_rate,
        },
        y_true=actual,
        y_pred=said,
        sensitive_features=member,
    ).by_group
    for at, group in enumerate(found.groups):
        for name in frame.columns:
            assert getattr(group, name) == pytest.approx(frame[name][at], abs=1e-9)


def test_intervals_hold_the_value_and_shrink_with_rows() -> None:
    def width(times: int) -> float:
        labels = ["yes", "no", "no", "yes", "no"] * times
        found = view(labels, ["yes", "no"] * (len(labels) // 2), ["a", "b", "b", "a", "a"] * times)
        gap = found.gaps["selection_rate"]
        assert gap.low is not None
        assert gap.high is not None
        assert gap.low <= gap.value <= gap.high
        return gap.high - gap.low

    assert width(400) < width(40)


def test_small_groups_are_named_and_left_out() -> None:
    found = view(["yes", "no"] * 23, ["yes", "no"] * 23, ["a"] * 22 + ["b"] * 20 + ["c"] * 4)
    assert [group.name for group in found.groups] == ["a", "b"]
    assert found.small == (("c", 4),)
    alone = view(["yes", "no"] * 10, ["yes", "no"] * 10, ["a"] * 20)
    assert not alone.gaps
    assert "fewer than two groups" in alone.note


def test_what_no_group_can_decide_is_left_out() -> None:
    found = view(["no"] * 60, ["yes", "no"] * 30, ["a"] * 30 + ["b"] * 30)
    assert "true_positive_rate" not in found.gaps
    assert "equalized_odds" not in found.gaps
    assert found.groups[0].true_positive_rate is None
    assert found.gaps["false_positive_rate"].value == pytest.approx(0.0)


def test_numbers_are_compared_by_their_residuals() -> None:
    groups = ["a"] * 30 + ["b"] * 30
    actual = [10.0] * 30 + [20.0] * 30
    found = fairness_view(
        "g",
        groups,
        task=Task.REGRESSION,
        classes=(),
        actual=actual,
        scores=Scores(predictions=[9.0] * 30 + [23.0] * 30),
    )
    assert [group.mean_residual for group in found.groups] == [1.0, -3.0]
    assert found.gaps["mean_residual"].value == pytest.approx(4.0)
    assert found.gaps["mae"].value == pytest.approx(2.0)
    assert found.gaps["mean_prediction"].value == pytest.approx(14.0)


def test_thresholds_by_group_close_the_gap_and_tell_their_price() -> None:
    random = np.random.default_rng(0)
    member = np.tile([0, 1], 2000)
    chance = np.clip(random.random(4000) * 0.7 + 0.3 * member, 0, 1)
    actual = random.random(4000) < chance
    chances = np.column_stack([1 - chance, chance])
    words = np.array(CLASSES)
    found = view(
        words[actual.astype(int)].tolist(),
        words[(chance > 0.5).astype(int)].tolist(),
        member.tolist(),
        chances,
    )
    parity = next(one for one in found.mitigations if one.metric == "selection_rate")
    assert parity.gap_before > 0.3
    assert parity.gap_after < 0.12
    assert parity.accuracy_after < parity.accuracy_before
    assert parity.thresholds["0"] < parity.thresholds["1"]
    cut = np.where(member == 0, parity.thresholds["0"], parity.thresholds["1"])
    assert parity.accuracy_after == pytest.approx(((chance >= cut) == actual).mean(), abs=0.03)


def test_numbers_of_many_values_are_cut_into_ranges() -> None:
    ages = [float(age) for age in range(20, 60)]
    found = groups_of([*ages, None])
    assert found[-1] is None
    assert found[0] == "20 to 29"
    assert len(set(found[:-1])) == 4
    assert groups_of([0, 1, 0]) == ["0", "1", "0"]


def test_suggests_by_name_and_by_values_but_not_by_accident() -> None:
    labels = {"who": ["M", "F"], "size": ["S", "M", "L"], "colour": ["white", "green"]}
    found = suggested(["age", "average_age_days", "wage", "who", "size", "colour", "Sex"], labels)
    assert set(found) == {"age", "average_age_days", "who", "Sex"}
    assert "'age'" in found["age"]
