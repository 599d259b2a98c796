# ruff: noqa: TID253 (the originals that ONNX forms are held against)
"""Features that were made are written as ONNX, and answer the same."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from keepwell.core.formulas import columns_of, parse, placed
from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.features.transforms import Clip, Formula, Frequency, GroupStatistic, SignedLog

pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")

from keepwell.deployment.onnx import OnnxModel, to_onnx

NUMBERS, WORDS = ("a", "b"), ("word", "place")
SIGNATURE = Signature(
    task=Task.REGRESSION,
    target="t",
    inputs=(
        *(Field(name=name, type=ColumnType.NUMBER) for name in NUMBERS),
        *(Field(name=name, type=ColumnType.CATEGORY) for name in WORDS),
    ),
)


def frame(rows: int, seed: int, *, strange: bool = False) -> Any:
    import pandas as pd

    random = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "a": random.normal(0, 3, rows),
            "b": random.integers(-3, 4, rows).astype(float),
            "word": random.choice(["x", "y", "z"], rows).astype(object),
            "place": [["here", "there", None][at] for at in random.integers(0, 3, rows)],
        }
    )
    if strange:
        found.loc[0, "a"], found.loc[1, "a"], found.loc[2, "a"] = np.nan, 1e308, 1e-12
        found.loc[3, "b"], found.loc[4, "b"] = 0.0, -1.0
        found.loc[5, "word"], found.loc[6, "place"] = "never seen", "never seen"
    return found


def written_alike(step: Any, columns: list[str]) -> None:
    """Hold the step, under a model that shows its first column, against its graph."""
    filled = make_pipeline(step, SimpleImputer(strategy="constant", fill_value=-7.0))
    given = frame(300, 0)
    made = Pipeline(
        [("prepare", ColumnTransformer([("made", filled, columns)])), ("model", Ridge(alpha=1e-9))]
    ).fit(given, given["a"])
    model = made.named_steps["model"]
    model.coef_ = np.arange(1.0, len(model.coef_) + 1)
    model.intercept_ = 0.0
    asked = frame(200, 1, strange=True)
    cells = [asked[field.name].to_numpy() for field in SIGNATURE.inputs]
    said = OnnxModel(to_onnx(made, SIGNATURE), SIGNATURE).batch(cells)
    answer = np.asarray(getattr(said, "predictions", said), dtype=np.float64).ravel()
    expected = made.predict(asked)
    scale = np.maximum(1.0, np.abs(expected))
    assert (np.abs(answer - expected) / scale).max() < 1e-12


@pytest.mark.parametrize(
    "text",
    ["a / b", "a - b * 2", "log1p(a)", "sqrt(b) + abs(a)", "log1p(abs(a)) / (b + 1)", "a * a"],
)
def test_a_formula(text: str) -> None:
    tree = parse(text)
    names = columns_of(tree)
    step = Formula(json.dumps(placed(tree, names)))
    written_alike(step, list(names))


def test_clipped_and_logarithmic_numbers() -> None:
    written_alike(Clip(0.1, 0.9), list(NUMBERS))
    written_alike(SignedLog(), list(NUMBERS))


def test_how_frequent_labels_are() -> None:
    written_alike(Frequency(), list(WORDS))


@pytest.mark.parametrize("groups", [["word"], ["word", "place"]], ids=len)
@pytest.mark.parametrize("difference", [False, True])
def test_a_group_s_statistic(groups: list[str], difference: bool) -> None:
    written_alike(GroupStatistic("mean", difference), [*groups, "b"])
