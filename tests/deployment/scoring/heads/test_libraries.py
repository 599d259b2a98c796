"""What the native libraries do with models that are none, and without being there."""

import importlib.util
from typing import Any

import numpy as np
import pytest
from fitted_estimators import X, fitted

from keepwell.core.errors import FormatError, MissingExtraError
from keepwell.deployment.scoring.heads import library
from keepwell.deployment.scoring.heads.boost import library as xgboost_library
from keepwell.deployment.scoring.heads.trees.nodes import widened
from keepwell.deployment.scoring.original import dump_pipeline, load_pipeline
from keepwell.deployment.scoring.parts import build_head, read_head


def test_a_booster_of_another_width_is_refused() -> None:
    text = fitted("LGBMClassifier, binary").booster_.model_to_string().encode()
    with pytest.raises(FormatError, match="takes 4 columns"):
        library.Booster(text, 5)


def test_a_booster_that_is_none_is_refused() -> None:
    with pytest.raises(FormatError, match="LightGBM"):
        library.Booster(b"tree\nnot a model", 4)


def test_an_xgboost_model_of_another_width_is_refused() -> None:
    model = bytes(fitted("XGBRegressor, regression").get_booster().save_raw("ubj"))
    with pytest.raises(FormatError, match="takes 4 columns"):
        xgboost_library.Booster(model, 5, rounds=0, missing=None)


@pytest.mark.parametrize("model", [b"{not a model", b"not a model", b""])
def test_an_xgboost_model_that_is_none_is_refused(model: bytes) -> None:
    with pytest.raises(FormatError, match="XGBoost"):
        xgboost_library.Booster(model, 4, rounds=0, missing=None)


def test_without_xgboost_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, bytes] = {}
    data = read_head(fitted("XGBRegressor, regression"), files)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    xgboost_library._library.cache_clear()
    try:
        with pytest.raises(MissingExtraError, match=r"pip install 'keepwell\[boost\]'"):
            build_head(data, files.__getitem__)
    finally:
        xgboost_library._library.cache_clear()


def test_an_original_of_a_library_that_is_not_there_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import skops.io

    stored = dump_pipeline(fitted("CatBoostRegressor, regression"))

    def missing(*args: Any, **options: Any) -> None:
        raise ModuleNotFoundError("No module named 'catboost'", name="catboost")

    monkeypatch.setattr(skops.io, "loads", missing)
    with pytest.raises(MissingExtraError, match="catboost needs the extra 'boost'"):
        load_pipeline(stored)


@pytest.mark.parametrize("threshold", [0.1, -0.1, 0.5, 1.0, 1e-30, -3e38, 16777217.0, 0.0])
def test_widened_thresholds_divide_doubles_as_rounding_would(threshold: float) -> None:
    wide = float(widened(np.array([threshold]))[0])
    for number in (wide, np.nextafter(wide, np.inf), np.nextafter(wide, -np.inf), threshold):
        if number != 0.0 and abs(number) < 1e-35:
            continue  # `Nearby` moves these
        assert (number <= wide) == (float(np.float32(number)) <= threshold)


def test_threads_share_a_head() -> None:
    from concurrent.futures import ThreadPoolExecutor

    for name in ("XGBRegressor, regression", "RandomForestClassifier, multiclass"):
        files: dict[str, bytes] = {}
        head = build_head(read_head(fitted(name), files), files.__getitem__)
        rows = np.nan_to_num(X).tolist() * 5
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(head.row, rows))
        assert together == [head.row(row) for row in rows]
