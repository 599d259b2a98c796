"""Small charts stay inside their frame, whatever they are drawn from."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from keepwell.console.charts import HEIGHT, WIDTH, bars, line_chart, nice_ticks, sparkline, thin
from keepwell.core.ports import Point

VALUES = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6))
SERIES = st.lists(VALUES, min_size=2, max_size=600)


def points(values: list[float]) -> list[Point]:
    return [Point("accuracy", 1000.0 + at, value) for at, value in enumerate(values)]


@given(SERIES)
def test_a_line_stays_inside_its_frame(values: list[float]) -> None:
    chart = line_chart(points(values))
    assert chart is not None
    corners = [
        tuple(map(float, pair)) for pair in re.findall(r"([\d.e+-]+) ([\d.e+-]+)", chart.path)
    ]
    assert all(0 <= x <= WIDTH and -0.01 <= y <= HEIGHT + 0.01 for x, y in corners)
    assert chart.last == corners[-1]
    assert chart.newest == values[-1]


@given(VALUES, VALUES)
def test_ticks_enclose_the_values_from_the_top_down(first: float, second: float) -> None:
    low, high = sorted((first, second))
    ticks = nice_ticks(low, high)
    slack = max(abs(low), abs(high)) * 1e-6
    assert ticks == sorted(ticks, reverse=True)
    assert ticks[-1] - slack <= low <= high <= ticks[0] + slack
    assert 2 <= len(ticks) <= 6


@given(SERIES)
def test_thinning_keeps_the_newest_value_and_the_order(values: list[float]) -> None:
    thinned = thin(points(values), most=50)
    assert len(thinned) <= 51
    assert thinned[-1] == points(values)[-1]
    assert [point.time for point in thinned] == sorted(point.time for point in thinned)


def test_one_point_is_no_line() -> None:
    assert line_chart(points([0.5])) is None
    assert sparkline([1.0]) == ""


def test_incidents_and_promotions_show_where_they_fall_into_the_chart() -> None:
    chart = line_chart(
        points([0.1, 0.2, 0.3, 0.4, 0.5]),
        expected=0.4,
        moments=[(1002.0, "version 2 became champion"), (900.0, "before")],
        stretches=[(1001.0, None, "still open"), (10.0, 20.0, "long ago")],
    )
    assert chart is not None
    assert [(mark.x, mark.text) for mark in chart.marks] == [(500.0, "version 2 became champion")]
    assert [(span.x, span.width) for span in chart.spans] == [(250.0, 750.0)]
    assert chart.baseline is not None
    assert 0 < chart.baseline < HEIGHT


@given(st.lists(st.integers(0, 10**9), max_size=40), st.sampled_from([0.0, 0.04, 0.3]))
def test_bars_stand_side_by_side_on_the_ground(counts: list[int], inset: float) -> None:
    drawn = bars(counts, inset=inset)
    assert len(drawn) == len(counts)
    assert all(0 <= bar.height <= HEIGHT and bar.y + bar.height == HEIGHT for bar in drawn)
    assert all(a.x + a.width <= b.x + 0.05 for a, b in pairwise(drawn))
