# ruff: noqa: TID253 (the originals that are cut)
"""Members and trees are left out, and what is left answers as it should."""

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor
from hypothesis import given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.deployment.scoring.original import Original
from keepwell.features.decoding import Decoder
from keepwell.training.ensembling.calibration import calibrated
from keepwell.training.ensembling.combining import combined
from keepwell.training.ensembling.selection import Ensemble
from keepwell.training.lighter import NotLighterError, forms_of, opened
from keepwell.training.lighter.cuts import cut_of
from keepwell.training.lighter.forms import whole_of
from keepwell.training.lighter.parts import last_of

RANDOM = np.random.default_rng(3)
ROWS = 300
FRAME = pd.DataFrame({"a": RANDOM.normal(size=ROWS), "b": RANDOM.integers(0, 5, ROWS) * 1.0})
NUMBER = FRAME["a"].to_numpy() * 2 + np.sin(FRAME["b"].to_numpy()) + RANDOM.normal(size=ROWS) / 3
TWO = (NUMBER > 0).astype(int)
THREE = np.digitize(NUMBER, [-1.0, 1.0])
INPUTS = tuple(Field(name=name, type=ColumnType.NUMBER) for name in "ab")
SIGNATURES = {
    "binary": Signature(task=Task.BINARY, target="t", inputs=INPUTS, classes=(0, 1)),
    "multiclass": Signature(task=Task.MULTICLASS, target="t", inputs=INPUTS, classes=(0, 1, 2)),
    "regression": Signature(task=Task.REGRESSION, target="t", inputs=INPUTS),
}
TARGETS = {"binary": TWO, "multiclass": THREE, "regression": NUMBER}
QUIET = {"verbose": -1, "n_jobs": 1}
MODELS: dict[str, tuple[str, Any]] = {
    "lightgbm": ("binary", lambda: LGBMClassifier(n_estimators=40, **QUIET)),
    "lightgbm of three": ("multiclass", lambda: LGBMClassifier(n_estimators=30, **QUIET)),
    "lightgbm of numbers": ("regression", lambda: LGBMRegressor(n_estimators=40, **QUIET)),
    "xgboost": ("binary", lambda: XGBClassifier(n_estimators=40, n_jobs=1)),
    "xgboost of three": ("multiclass", lambda: XGBClassifier(n_estimators=30, n_jobs=1)),
    "xgboost of numbers": ("regression", lambda: XGBRegressor(n_estimators=40, n_jobs=1)),
    "catboost": (
        "binary",
        lambda: CatBoostClassifier(
            iterations=40, verbose=False, thread_count=1, allow_writing_files=False
        ),
    ),
    "catboost of numbers": (
        "regression",
        lambda: CatBoostRegressor(
            iterations=40, verbose=False, thread_count=1, allow_writing_files=False
        ),
    ),
    "histogram": ("binary", lambda: HistGradientBoostingClassifier(max_iter=40)),
    "histogram of three": ("multiclass", lambda: HistGradientBoostingClassifier(max_iter=20)),
    "histogram of numbers": ("regression", lambda: HistGradientBoostingRegressor(max_iter=40)),
    "forest": ("multiclass", lambda: RandomForestClassifier(n_estimators=30, random_state=0)),
    "extra trees": (
        "regression",
        lambda: ExtraTreesRegressor(n_estimators=30, min_samples_leaf=5, random_state=0),
    ),
    "linear": ("binary", LogisticRegression),
}


@cache
def fitted(name: str) -> tuple[Signature, Pipeline]:
    kind, make = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepare = StandardScaler().set_output(transform="default").fit(FRAME)
        model = make().fit(prepare.transform(FRAME), TARGETS[kind])
    return SIGNATURES[kind], Pipeline([("prepare", prepare), ("model", model)])


def voted() -> tuple[Signature, Any]:
    members = [(fitted(name)[1], weight) for name, weight in VOTE]
    return SIGNATURES["binary"], combined(members)


VOTE = (("lightgbm", 0.5), ("histogram", 0.3), ("linear", 0.2))
TREES = [name for name in MODELS if name != "linear"]


def answers(pipeline: Any, signature: Signature, rows: pd.DataFrame) -> Any:
    columns = [rows[name].to_numpy() for name in "ab"]
    return Original(pipeline, signature).batch(columns)


def held(pipeline: Any, signature: Signature) -> None:
    """The law: the compiled scorer equals the pipeline, and a batch equals its rows."""
    table = pa.Table.from_pandas(FRAME.head(60), preserve_index=False)
    files, proof = build_scorer_files(pipeline, signature, table)
    assert proof.compiled, proof.reason
    assert proof.largest_difference < 1e-9
    scorer = load_scorer(files.__getitem__, signature)
    expected = answers(pipeline, signature, Decoder(signature).table(table))
    batch = scorer.model.batch([FRAME.head(60)[name].to_numpy() for name in "ab"])
    assert np.allclose(batch, expected, rtol=1e-9, atol=1e-9)
    rows = np.array([scorer.row(list(row)) for row in FRAME.head(60).itertuples(index=False)])
    assert np.allclose(rows.reshape(batch.shape), batch, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", TREES)
def test_the_first_rounds_are_the_shorter_model(name: str) -> None:
    signature, pipeline = fitted(name)
    before = answers(pipeline, signature, FRAME)
    parts = opened(pipeline)
    lightest = forms_of(parts)[0]
    cut = lightest.built(parts)
    model = cut.named_steps["model"]
    found = cut_of(model)
    assert found is not None
    assert found.rounds(model) == lightest.rounds[0]
    assert found.trees(model) == pytest.approx(lightest.trees)
    held(cut, signature)
    assert not np.allclose(answers(cut, signature, FRAME), before)
    assert np.array_equal(answers(pipeline, signature, FRAME), before)  # the original is untouched
    assert np.allclose(answers(whole_of(parts).built(parts), signature, FRAME), before)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "histogram of numbers"])
def test_cutting_equals_a_shorter_fit(name: str) -> None:
    signature, pipeline = fitted(name)
    kind, make = MODELS[name]
    model = pipeline.named_steps["model"]
    found = cut_of(model)
    assert found is not None
    word = "max_iter" if "histogram" in name else "n_estimators"
    prepared = pipeline.named_steps["prepare"].transform(FRAME)
    short = make().set_params(**{word: 11}).fit(prepared, TARGETS[kind])
    cut = found.first(model, 11)
    ask = "predict" if signature.task.numeric else "predict_proba"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.allclose(getattr(cut, ask)(prepared), getattr(short, ask)(prepared), rtol=1e-6)


@given(at=st.integers(0, 10_000))
@settings(max_examples=4, deadline=None)
def test_any_form_of_a_vote_is_compiled_as_it_answers(at: int) -> None:
    signature, pipeline = voted()
    parts = opened(pipeline)
    forms = forms_of(parts)
    form = forms[at % len(forms)]
    held(form.built(parts), signature)


def test_the_mean_of_cut_members_is_what_the_form_answers() -> None:
    signature, pipeline = voted()
    parts = opened(pipeline)
    form = next(one for one in forms_of(parts) if len(one.kept) == 2)
    from keepwell.training.lighter.forms import cut_member

    said = {
        (at, rounds): answers(cut_member(parts.members[at][0], rounds), signature, FRAME)
        for at, rounds in zip(form.kept, form.rounds, strict=True)
    }
    assert np.allclose(form.mean(parts, said), answers(form.built(parts), signature, FRAME))
    assert form.words.startswith("2 of 3 members: the first ")


def test_a_curve_stays_around_what_is_left() -> None:
    signature, pipeline = voted()
    held_out = answers(pipeline, signature, FRAME)
    seen = Ensemble(members=(), scores=(), answer=held_out, actual=TWO)
    curved, told, _ = calibrated(pipeline, seen, "isotonic")
    assert "calibrated" in told
    parts = opened(curved)
    assert len(parts.members) == 3
    before = answers(curved, signature, FRAME)
    assert np.allclose(answers(whole_of(parts).built(parts), signature, FRAME), before)
    form = forms_of(parts)[0]
    built = form.built(parts)
    assert type(built).__name__ == type(curved).__name__ or isinstance(built, Pipeline)
    assert type(last_of(built)).__name__ == "CalibratedClassifierCV"
    held(built, signature)


def test_the_lightest_comes_first_and_all_are_lighter() -> None:
    parts = opened(voted()[1])
    forms = forms_of(parts)
    costs = [one.cost for one in forms]
    assert costs == sorted(costs)
    assert max(costs) < whole_of(parts).cost


def test_a_single_model_without_trees_has_nothing_to_leave_out() -> None:
    with pytest.raises(NotLighterError, match="a single LogisticRegression"):
        opened(fitted("linear")[1])
