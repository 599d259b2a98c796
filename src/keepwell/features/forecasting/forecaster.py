"""A fitted forecast: the last values, how they are looked at, and a model of what follows."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, RegressorMixin  # noqa: TID253

from keepwell.features.forecasting.grid import Grid
from keepwell.features.forecasting.outlook import Design, Outlook, Settings

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class Forecaster(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Answers a frame of a time, the series if there are several, and what is known beforehand.

    Made by `of`; plain data but for the model, so that it can be stored without code.
    """

    @classmethod
    def of(
        cls, settings: Settings, values: "NDArray[np.float64]", model: Any, names: list[str]
    ) -> "Forecaster":
        """Return a fitted one; a model of None repeats the season."""
        made = cls()
        made.settings_ = asdict(settings)
        made.values_ = values
        made.model_ = model
        made.feature_names_in_ = np.array(names, dtype=object)
        made.n_features_in_ = len(names)
        return made

    def predict(self, X: "pd.DataFrame") -> "NDArray[np.float64]":
        """Forecast."""
        outlook = Outlook(settings_of(self.settings_), self.values_)
        columns = [X[name].to_numpy() for name in self.feature_names_in_]
        return forecast(outlook, columns, self.model_)


def settings_of(data: dict[str, Any]) -> Settings:
    """Return settings that were plain data."""
    labels = tuple(None if one is None else tuple(one) for one in data["labels"])
    rest = {name: tuple(data[name]) for name in ("seasons", "series")}
    return Settings(**{**data, **rest, "labels": labels, "grid": Grid(**data["grid"])})


def designed(outlook: Outlook, columns: "list[NDArray[Any]]") -> Design:
    """Return what a model is told of rows given as columns of canonical values."""
    several = bool(outlook.settings.series)
    series = columns[1].tolist() if several else []
    rows, steps, ahead = outlook.place(np.asarray(columns[0], dtype=np.float64), series)
    return outlook.design(rows, steps, ahead, columns[1 + several :])


def forecast(outlook: Outlook, columns: "list[NDArray[Any]]", model: Any) -> "NDArray[np.float64]":
    """Return the forecasts of a fitted model."""
    design = designed(outlook, columns)
    if model is None:
        return design.base
    features = design.features if hasattr(model, "booster_") else gapless(design.features)
    answer = np.asarray(model.predict(features), dtype=np.float64)
    return np.asarray(design.base + design.scale * answer)


def gapless(features: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return features for a model that takes no gaps: what is not known is as the base is."""
    return np.nan_to_num(features, nan=0.0)
