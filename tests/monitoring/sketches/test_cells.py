import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.monitoring.sketches.cells import Cells

numbers = st.floats(-1e307, 1e307)


@settings(max_examples=150, deadline=None)
@given(
    cuts=st.lists(numbers, min_size=1, max_size=60, unique=True),
    values=st.lists(numbers, max_size=30),
)
def test_the_table_says_what_a_search_says(cuts: list[float], values: list[float]) -> None:
    ordered = np.unique(np.asarray(cuts))
    beside = np.concatenate(
        [ordered, np.nextafter(ordered, np.inf), np.nextafter(ordered, -np.inf), values]
    )
    asked = np.resize(beside[np.isfinite(beside)], 400)  # enough for the table to be used
    assert np.array_equal(Cells(ordered).of(asked), np.searchsorted(ordered, asked, side="right"))


def test_crowded_cuts_are_told_apart() -> None:
    random = np.random.default_rng(0)
    cuts = np.unique(np.exp(random.normal(0, 4, 50)))
    values = np.exp(random.normal(0, 5, 20_000))
    assert np.array_equal(Cells(cuts).of(values), np.searchsorted(cuts, values, side="right"))
