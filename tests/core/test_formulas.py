import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.formulas import columns_of, parse, placed, quoted
from keepwell.features.made.calculation import calculate, calculate_all

TEXTS = st.recursive(
    st.sampled_from(["a", "b", "`b c`", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda text: f"sqrt({text})"),
        inner.map(lambda text: f"log1p(abs({text}))"),
        inner.map(lambda text: f"(-{text})"),
    ),
    max_leaves=6,
)
NUMBERS = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([0.0, math.nan, math.inf, 1e300, 5e-324]))


@given(text=TEXTS, values=st.lists(NUMBERS, min_size=3, max_size=3))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_one_row_is_calculated_as_many_are(text: str, values: list[float]) -> None:
    try:
        tree = placed(parse(text), ["a", "b", "b c"])
    except ValueError:  # it names no column
        return
    one = calculate(tree, values)
    (other,) = calculate_all(tree, np.array([values])).tolist()
    assert one == pytest.approx(other, rel=1e-9, nan_ok=True)


def test_columns_are_found_in_the_order_of_their_use() -> None:
    assert columns_of(parse("`b c` / (a + 2 * `b c`)")) == ("b c", "a")
    assert quoted("b c") == "`b c`"
    assert quoted("lambda") == "`lambda`"
    assert quoted("tenure") == "tenure"


def test_what_has_no_answer_is_a_gap() -> None:
    tree = placed(parse("a / b"), ["a", "b"])
    assert calculate(tree, [6.0, 3.0]) == 2.0
    assert math.isnan(calculate(tree, [1.0, 0.0]))
    assert math.isnan(calculate(tree, [math.nan, 1.0]))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "a.b",
        "a[0]",
        "open(a)",
        "a ** b",
        "a if b else a",
        "lambda: a",
        "True + a",
        "2 * 3",
        "a /",
        "",
        "-" * 60 + "a",
    ],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"formula|column|number"):
        parse(text)
