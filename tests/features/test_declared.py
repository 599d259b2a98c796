from typing import Any

import numpy as np
import pytest

from keepwell.core.features import Derived, FeaturesSpec, Steps
from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.features.origins import sources
from keepwell.features.preparation import Flavour, preparation
from keepwell.features.transforms import Clip, GroupStatistic, LowVariance

SIGNATURE = Signature(
    task=Task.BINARY,
    target="y",
    inputs=(
        Field(name="a", type=ColumnType.NUMBER),
        Field(name="b", type=ColumnType.NUMBER),
        Field(name="flat", type=ColumnType.NUMBER),
        Field(name="city", type=ColumnType.CATEGORY),
    ),
    classes=("no", "yes"),
)
EVERYTHING = FeaturesSpec(
    numbers=Steps(impute="mean", clip=(0.1, 0.9), drop_low_variance=0.0, scale="minmax"),
    columns={"city": Steps(encode="target", impute="none"), "b": Steps(log=True, bins=3)},
    derive=(
        Derived(name="ratio", kind="formula", columns=("a", "b"), detail="a / b"),
        Derived(name="usual", kind="group", columns=("city", "a"), detail="mean", difference=True),
        Derived(name="often", kind="share", columns=("city",)),
    ),
)


def frame_of(rows: int = 60) -> tuple[Any, Any]:
    import pandas as pd

    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "b": random.normal(size=rows) * 100,
            "flat": 7.0,
            "city": pd.Series(
                [["x", "y", None][at] for at in random.integers(0, 3, rows)], dtype=object
            ),
        }
    )
    return frame, random.integers(0, 2, rows)


@pytest.mark.parametrize("flavour", ["tree", "linear"])
def test_everything_declared_is_prepared_and_has_origins(flavour: Flavour) -> None:
    frame, target = frame_of()
    prepared = preparation(SIGNATURE, flavour, features=EVERYTHING)
    values = prepared.fit_transform(frame, target)
    made_of = sources(prepared)
    assert len(made_of) == values.shape[1]
    assert {("a",), ("b",), ("city",), ("a", "b"), ("city", "a")} == set(made_of)  # `flat` is gone
    if flavour == "linear":
        assert np.isfinite(values).all()


def test_statistics_are_of_the_training_rows_alone() -> None:
    frame, target = frame_of()
    prepared = preparation(SIGNATURE, "tree", features=EVERYTHING).fit(frame, target)
    clip = prepared.named_transformers_["numbers"].named_steps["clip"]
    known = frame["a"].dropna()
    assert clip.low_[0] == np.quantile(known, 0.1)
    later = frame.copy()
    later["a"] = 1e9
    later["city"] = np.array(["never seen"] * len(later), dtype=object)
    kept = prepared.transform(later)
    assert np.nanmax(kept[:, 0]) == pytest.approx(1.0)  # clipped to the training rows' bound
    assert prepared.transform(frame).shape[1] == kept.shape[1]


def test_an_unknown_group_has_the_statistic_of_all() -> None:
    rows = np.array([["x", 1.0], ["x", 3.0], ["y", 8.0], [None, 4.0]], dtype=object)
    mean = GroupStatistic("mean").fit(rows)
    asked = np.array([["x", 0.0], ["z", 0.0], [None, 0.0]], dtype=object)
    assert mean.transform(asked).ravel().tolist() == [2.0, 4.0, 4.0]
    assert GroupStatistic("count").fit(rows).transform(asked).ravel().tolist() == [2.0, 0.0, 1.0]
    difference = GroupStatistic("mean", difference=True).fit(rows).transform(rows)
    assert difference.ravel().tolist() == [-1.0, 1.0, 0.0, 0.0]


def test_clipping_learns_nothing_from_gaps() -> None:
    clip = Clip(0.0, 0.5).fit(np.array([[1.0], [3.0], [np.nan], [np.inf]]))
    assert (clip.low_[0], clip.high_[0]) == (1.0, 2.0)
    assert np.isnan(clip.transform(np.array([[np.nan]]))).all()


def test_one_column_stays_however_little_it_varies() -> None:
    kept = LowVariance(5.0).fit(np.array([[1.0, 1.0], [1.0, 2.0]]))
    assert kept.get_support().tolist() == [False, True]
