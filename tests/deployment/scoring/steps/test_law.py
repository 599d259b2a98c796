"""One law for all steps: compiled equals original, row by row and in batches."""

import warnings
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scoring_cases import CASES, Case
from scoring_cases import fitted as fitted_original

from keepwell.core.plugins import plugin_names
from keepwell.deployment.scoring.fusion import fuse
from keepwell.deployment.scoring.parts import build_step, kept_parts, read_step
from keepwell.deployment.scoring.steps.passthrough import Passthrough

SEEDS = 3  # originals that are fitted for each case
LIGHT = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
_PLAIN = st.one_of(
    st.floats(-1e4, 1e4).map(lambda value: round(value, 3)),
    st.integers(-3, 3).map(float),
    st.just(-0.0),
)
_ODD = st.sampled_from([float("nan"), float("inf"), -float("inf"), 1e300, -1e9, 5e-324])
_LABELS = st.one_of(
    st.sampled_from(["a", "b", "c", "1", "1.0", "None", " ", "", "never seen"]), st.none()
)
_CELLS: dict[str, st.SearchStrategy[Any]] = {
    "numbers": st.one_of(_PLAIN, _PLAIN, _ODD, _PLAIN.map(str)),
    "moderate": st.one_of(_PLAIN, _PLAIN.map(str), st.just(float("nan"))),
    "numbers only": st.one_of(_PLAIN, _ODD),
    "positive": st.one_of(st.floats(1e-3, 1e6), st.just(float("nan"))),
    "labels": _LABELS,
    "codes": st.one_of(st.integers(-2, 4).map(float), st.just(float("nan"))),
    "texts": st.text(alphabet="abc ABC.é1ß\n", max_size=20),
    "counts": st.integers(0, 4).map(float),
    "seconds": st.one_of(st.floats(-1e12, 1e12), st.floats(0, 2e9), st.just(float("nan"))),
}


def _row(case: Case, width: int) -> st.SearchStrategy[list[Any]]:
    if case.takes == "groups":
        number = st.one_of(_PLAIN, st.just(float("nan")))
        return st.tuples(_LABELS, _LABELS, number).map(list)
    return st.lists(_CELLS[case.takes], min_size=width, max_size=width)


def _rows(case: Case, cells: list[Any]) -> Any:
    if case.takes == "texts":
        return np.array(cells, dtype=object)
    plain = all(isinstance(cell, float) for cell in cells)
    return np.array(cells, dtype=float if plain else object).reshape(-1, 3)


def _transformed(fitted: Any, rows: Any) -> Any:
    """Return what the original gives; None where it refuses."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            answer = fitted.transform(rows)
        except (ValueError, TypeError, OverflowError):
            return None
    return answer.toarray() if hasattr(answer, "toarray") else np.asarray(answer)


def _compiled(fitted: Any) -> Any:
    files: dict[str, bytes] = {}
    data = msgspec.json.decode(msgspec.json.encode(read_step(fitted, files)))
    return build_step(data, files.__getitem__), data


def _assert_alike(ours: Any, theirs: Any, *, exact: bool) -> None:
    if theirs.dtype == object:
        pairs = zip(ours.ravel().tolist(), theirs.ravel().tolist(), strict=True)
        assert [pair for pair in pairs if not _same(*pair)] == []
    elif exact:
        np.testing.assert_array_equal(ours, theirs)
    else:
        # Of a sum of large numbers that is small, nobody knows more digits than this.
        finite = np.abs(theirs[np.isfinite(theirs)])
        atol = 1e-13 * max(1.0, float(finite.max(initial=0.0)))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=atol)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 (nan)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_compiled_equals_original(case: Case) -> None:
    pairs = []
    slow_to_fit = "estimator=" in case.name
    for seed in range(1 if slow_to_fit else SEEDS):
        fitted = fitted_original(case, seed)
        step, data = _compiled(fitted)
        assert bool(kept_parts(data)) == (case.op == "keepwell.AsItIs")
        pairs.append((fitted, step))
    width = 1 if case.takes == "texts" else 3
    compared = 0

    @given(
        pair=st.sampled_from(pairs),
        cells=st.lists(_row(case, width), min_size=1, max_size=6),
    )
    @LIGHT
    def law(pair: tuple[Any, Any], cells: list[list[Any]]) -> None:
        nonlocal compared
        fitted, step = pair
        answerable = []
        for row in cells:  # one that the original refuses must not hide the others
            if _transformed(fitted, _rows(case, row)) is not None:
                answerable += row
        assume(answerable)
        rows = _rows(case, answerable)
        expected = _transformed(fitted, rows)
        assume(expected is not None)
        columns = [rows] if width == 1 else list(rows.T)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            batch = step.batch(columns)
            single = [step.row(list(row)) for row in zip(*map(list, columns), strict=True)]
            _assert_fused(step, columns, single)
        assert batch.shape == expected.shape
        single_matrix = np.array(single, dtype=batch.dtype).reshape(expected.shape)
        _assert_alike(batch, expected, exact=case.exact)
        _assert_alike(single_matrix, expected, exact=case.exact)
        _assert_alike(single_matrix, batch, exact=case.exact)
        compared += 1

    law()
    assert compared > 2


def _assert_fused(step: Any, columns: Any, single: list[list[Any]]) -> None:
    """See that a step that was written into a function gives the same, or asks for the step itself."""
    width = len(columns)
    alone = fuse([step], range(width), width)
    twice = fuse([Passthrough(), step], range(width), width)
    for row, expected in zip(zip(*map(list, columns), strict=True), single, strict=True):
        for fused in (alone, twice):
            try:
                ours = fused(row)
            except TypeError:  # text where numbers are expected
                assert any(isinstance(cell, str) or cell is None for cell in row)
                continue
            assert len(ours) == len(expected)
            assert repr(list(map(_plain, ours))) == repr(list(map(_plain, expected)))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def test_every_step_has_a_case() -> None:
    with_tests_of_their_own = {  # pictures: test_pictures.py; of a pretrained model: tests/training
        "keepwell.PictureParts",
        "keepwell.PicturePixels",
        "keepwell.TextTokens",
        "keepwell.TextVectors",
    }
    assert {case.op for case in CASES} | with_tests_of_their_own == set(plugin_names("steps"))
