"""A fitted forecast: the last values, how they are looked at, and a model of what follows."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, RegressorMixin  # noqa: TID253

from keepwell.features.forecasting.grid import Grid
from keepwell.features.forecasting.outlook import Design, Outlook, Settings, banded

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class Forecaster(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Answers a frame of a time, the series if there are several, and what is known beforehand.

    Made by `of`; plain data but for the model, so that it can be stored without code.
    """

    @classmethod
    def of(
        cls,
        settings: Settings,
        values: "NDArray[np.float64]",
        model: Any,
        names: list[str],
        shifts: "NDArray[np.float64] | None" = None,
    ) -> "Forecaster":
        """Return a fitted one; a model of None repeats the season.

        `shifts` make quantiles: by steps ahead and by level, what is added, as a share of the spread.
        """
        made = cls()
        made.settings_ = asdict(settings)
        made.values_ = values
        made.model_ = model
        made.shifts_ = np.zeros((settings.horizon, 0)) if shifts is None else shifts
        made.feature_names_in_ = np.array(names, dtype=object)
        made.n_features_in_ = len(names)
        return made

    def predict(self, X: "pd.DataFrame") -> "NDArray[np.float64]":
        """Forecast: a number, and the quantiles behind it if there are some."""
        outlook = Outlook(settings_of(self.settings_), self.values_)
        columns = [X[name].to_numpy() for name in self.feature_names_in_]
        return forecast(outlook, columns, self.model_, self.shifts_)


def settings_of(data: dict[str, Any]) -> Settings:
    """Return settings that were plain data."""
    labels = tuple(None if one is None else tuple(one) for one in data["labels"])
    rest = {name: tuple(data[name]) for name in ("seasons", "series")}
    return Settings(**{**data, **rest, "labels": labels, "grid": Grid(**data["grid"])})


def designed(outlook: Outlook, columns: "list[NDArray[Any]]") -> "tuple[Design, NDArray[np.int64]]":
    """Return what a model is told of rows given as columns, and how far ahead each lies."""
    several = bool(outlook.settings.series)
    series = columns[1].tolist() if several else []
    rows, steps, ahead = outlook.place(np.asarray(columns[0], dtype=np.float64), series)
    return outlook.design(rows, steps, ahead, columns[1 + several :]), ahead


def forecast(
    outlook: Outlook,
    columns: "list[NDArray[Any]]",
    model: Any,
    shifts: "NDArray[np.float64]",
) -> "NDArray[np.float64]":
    """Return the forecasts of a fitted model, with a column for each quantile if there are some."""
    design, ahead = designed(outlook, columns)
    answer = design.base
    if model is not None:
        features = design.features if hasattr(model, "booster_") else gapless(design.features)
        said = np.asarray(model.predict(features), dtype=np.float64)
        answer = np.asarray(design.base + design.scale * said)
    if not shifts.shape[1]:
        return answer
    return np.column_stack([answer, banded(answer, design.scale, ahead, shifts)])


def gapless(features: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return features for a model that takes no gaps: what is not known is as the base is."""
    return np.nan_to_num(features, nan=0.0)
