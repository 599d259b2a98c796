"""A column that stands still is broken only if it never stood still before."""

import numpy as np
import pyarrow as pa

from keepwell.monitoring.breaks.stillness import never_stood, standing

LIVELY = [pa.array(np.random.default_rng(seed).normal(5, 1, 80)) for seed in range(8)]


def test_one_value_in_all_rows_stands() -> None:
    assert standing(pa.array([3.0] * 60)) == 3.0
    assert standing(pa.array(["a"] * 60 + [None] * 40)) == "a"


def test_two_values_or_few_rows_do_not() -> None:
    assert standing(pa.array([3.0] * 60 + [4.0])) is None
    assert standing(pa.array([3.0] * 49)) is None
    assert standing(pa.array([None] * 90, pa.float64())) is None


def test_it_never_stood_where_every_stretch_was_lively() -> None:
    assert never_stood(5.0, 80, LIVELY)


def test_what_is_one_value_for_hours_by_nature_has_stood() -> None:
    weekday = [pa.array([float(day)] * 80) for day in range(7)]
    assert not never_stood(3.0, 80, weekday)
    assert not never_stood(0.0, 80, [*LIVELY, pa.array([0.0] * 80)]), "the lamp was off yesterday"


def test_a_short_past_is_none() -> None:
    assert not never_stood(5.0, 80, LIVELY[:4])
    assert not never_stood(5.0, 80, [one.slice(0, 20) for one in LIVELY])


def test_what_is_nearly_always_said_is_no_news() -> None:
    mostly = [pa.array(["web"] * 78 + ["shop", "phone"]) for _ in range(8)]
    assert not never_stood("web", 80, mostly)
    assert never_stood("phone", 80, mostly)
