"""One law for all heads: compiled equals original, row by row and in batches."""

import warnings
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from fitted_estimators import CASES, COUNTS, GIVEN, fitted
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.plugins import plugin_names
from keepwell.deployment.scoring.heads.as_it_is import asked
from keepwell.deployment.scoring.heads.forecast import FORECASTER
from keepwell.deployment.scoring.heads.wide_columns import WIDE_COLUMNS
from keepwell.deployment.scoring.heads.wide_text import WIDE_TEXT
from keepwell.deployment.scoring.parts import AS_IT_IS, Head, build_head, name_of, read_head

USUAL = st.one_of(
    st.floats(-1e3, 1e3), st.integers(-20, 40).map(lambda tenths: tenths / 10), st.just(-0.0)
)
TINY = st.floats(-1e-34, 1e-34)
CELLS = {
    "numbers": st.one_of(USUAL, TINY),
    "gaps": st.one_of(USUAL, TINY, st.just(float("nan"))),
    "all": st.one_of(USUAL, TINY, st.sampled_from([float("nan"), float("inf"), float("-inf")])),
    "counts": st.integers(0, 9).map(float),
    "switches": st.integers(0, 1).map(float),
}


@cache
def compiled(name: str) -> tuple[Head, Any]:
    """Return the head of a case, from data that went through JSON, and that data."""
    files: dict[str, bytes] = {}
    data = msgspec.json.decode(msgspec.json.encode(read_head(fitted(name), files)))
    return build_head(data, files.__getitem__), data


def check(name: str, rows: "np.ndarray[Any, Any]") -> None:
    head, tolerance = compiled(name)[0], 0.0 if CASES[name].exact else 1e-9
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of overflow, and of names that no column has
        expected = asked(fitted(name), rows, "answer")
        batch = head.batch(rows)
        single = [head.row(row) for row in rows.tolist()]
    assert all(type(number) is float for number in single[0])
    np.testing.assert_allclose(batch, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(single, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_original_on_rows_like_those_of_training(name: str) -> None:
    random = np.random.default_rng(1)
    takes = CASES[name].takes
    given = GIVEN[takes]
    shuffled = np.column_stack([random.permutation(column) for column in given.T])
    middles = (shuffled[1:21] + shuffled[:20]) / 2  # where trees have their thresholds
    if takes in ("counts", "switches"):
        middles = np.floor(middles)
    check(name, np.vstack([shuffled[:60], given[:20], middles]))


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=4, deadline=None, derandomize=True)
def test_compiled_equals_original_on_any_row(name: str, data: st.DataObject) -> None:
    cells = CELLS[CASES[name].takes]
    rows = st.lists(st.lists(cells, min_size=4, max_size=4), min_size=1, max_size=8)
    check(name, np.array(data.draw(rows)))


@pytest.mark.parametrize("name", CASES)
def test_no_rows_give_no_answers(name: str) -> None:
    head, _ = compiled(name)
    width = len(head.row(COUNTS[0].tolist()))
    assert head.batch(np.empty((0, 4))).shape == (0, width)


def test_every_registered_head_is_held_to_the_law() -> None:
    held = {name_of(fitted(name)) for name in CASES} | {
        AS_IT_IS,
        WIDE_TEXT,
        WIDE_COLUMNS,
        FORECASTER,
        *(
            f"keepwell.Network{kind}" for kind in ("Classifier", "Regressor")
        ),  # tests/training/modalities
    }
    assert sorted(held) == plugin_names("heads")


@pytest.mark.parametrize("name", ["soft vote, binary", "VotingRegressor, regression"])
def test_a_member_that_is_not_covered_runs_as_it_is(name: str) -> None:
    _, data = compiled(name)
    text = msgspec.json.encode(data).decode()
    assert text.count(AS_IT_IS) == 1
    assert "there is no compiled form of sklearn.RA" in text.replace("Radius", "RAdius")
