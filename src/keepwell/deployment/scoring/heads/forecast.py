"""`Forecaster`: the last values of each series, and a compiled model of what follows them."""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.parts import Data, Head, Read, build_head, read_head
from keepwell.features.forecasting import Grid, Outlook, Settings
from keepwell.features.forecasting.outlook import banded

if TYPE_CHECKING:
    from numpy.typing import NDArray


FORECASTER = "keepwell.Forecaster"


class Forecast:
    """Answers a time (and a series, and what is known beforehand) with a number.

    Args:
        read: Gives the bundle's files.
        settings: Arguments of `Settings`.
        file: The one with `values`, and `shifts` if there are quantiles.
        head: Data of the model; null repeats the season.
        gaps: The model takes gaps.
    """

    cells: ClassVar[type] = object

    def __init__(
        self, *, read: Read, settings: Data, file: str, head: Data | None, gaps: bool
    ) -> None:
        labels = tuple(None if one is None else tuple(one) for one in settings["labels"])
        rest = {name: tuple(settings[name]) for name in ("seasons", "series")}
        grid = Grid(**settings["grid"])
        made = Settings(**{**settings, **rest, "labels": labels, "grid": grid})
        arrays = arrays_of(read(file))
        self.outlook = Outlook(made, arrays["values"])
        # Versions made before forecasts had quantiles have none.
        self._shifts = arrays.get("shifts", np.zeros((made.horizon, 0)))
        self._head: Head | None = None if head is None else build_head(head, read)
        self._gaps = gaps

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the values and the model."""
        model = fitted.model_
        return {
            "settings": fitted.settings_,
            "file": keep_arrays(files, "history.npz", values=fitted.values_, shifts=fitted.shifts_),
            "head": None if model is None else read_head(model, files),
            "gaps": hasattr(model, "booster_"),
        }

    def row(self, features: Sequence[Any]) -> list[float]:
        """Answer one row."""
        cells = [np.array([value], dtype=_kind(value)) for value in features]
        answer: list[float] = self._answer(cells)[0].tolist()
        return answer

    def batch(self, features: "NDArray[Any]") -> "NDArray[np.float64]":
        """Answer rows."""
        if not len(features):
            return np.empty((0, 1 + self._shifts.shape[1]))
        return self._answer(list(features.T))

    def _answer(self, columns: "list[NDArray[Any]]") -> "NDArray[np.float64]":
        several = bool(self.outlook.settings.series)
        seconds = np.asarray(columns[0], dtype=np.float64)
        series = columns[1].tolist() if several else []
        rows, steps, ahead = self.outlook.place(seconds, series)
        design = self.outlook.design(rows, steps, ahead, columns[1 + several :])
        answer = design.base
        if self._head is not None:
            told = design.features if self._gaps else np.nan_to_num(design.features, nan=0.0)
            answer = design.base + design.scale * self._head.batch(told)[:, 0]
        return np.column_stack([answer, banded(answer, design.scale, ahead, self._shifts)])


def _kind(value: Any) -> Any:
    return np.float64 if isinstance(value, float) else object
