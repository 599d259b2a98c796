from hypothesis import given
from hypothesis import strategies as st

from keepwell.cli.demo.chart import BLOCKS, LINE, draw, mark

VALUES = st.one_of(st.none(), st.floats(-2, 2))


@given(st.lists(st.tuples(VALUES, VALUES), max_size=30), st.integers(1, 9))
def test_it_has_the_size_it_was_asked_for(
    pairs: list[tuple[float | None, float | None]], height: int
) -> None:
    served, frozen = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rows = draw(served, frozen, height=height, low=0.0, high=1.0)
    assert [len(row) for row in rows] == [len(pairs)] * height
    assert all(char in BLOCKS + LINE for row in rows for char, _ in row)
    lines = [sum(row[i][0] == LINE for row in rows) for i in range(len(pairs))]
    assert lines == [0 if value is None else 1 for value in frozen]


def test_the_line_shows_inside_the_curve_and_above_it() -> None:
    rows = draw([1.0, 0.1], [0.2, 0.9], height=4, low=0.0, high=1.0)
    assert rows[3][0] == (LINE, "both")
    assert rows[0][1] == (LINE, "frozen")


def test_markers_at_one_place_stand_beside_each_other() -> None:
    assert mark(5, {0: "A", 4: "B"}) == "A   B"
    assert mark(2, {5: "A"}) == "  "
