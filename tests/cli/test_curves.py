"""Curves in a line: drawn, and without the steps that a resumed run repeated."""

import pytest

from keepwell.cli.curves import by_step, curve_rows, sparkline
from keepwell.core.ports import Point


@pytest.mark.parametrize(
    ("values", "drawn"),
    [([1.0, 2.0, 3.0], "▁▅█"), ([5.0, 5.0], "▁▁"), ([], ""), ([1.0, float("nan"), 2.0], "▁ █")],
)
def test_draws_numbers(values: list[float], drawn: str) -> None:
    assert sparkline(values) == drawn


def test_many_numbers_are_averaged_into_the_width() -> None:
    assert sparkline([float(n) for n in range(1000)], width=8) == "▁▂▃▄▅▆▇█"


def test_the_last_point_of_a_step_counts() -> None:
    points = [Point("loss", t, v, s) for t, v, s in ((1, 9, 1), (2, 8, 2), (3, 5, 2), (4, 4, 3))]
    assert [point.value for point in by_step(points)] == [9, 5, 4]
    assert curve_rows({"loss": points, "rate": points[:1]}) == [["loss", "█▂▁", 9, 4, 4, 3]]
