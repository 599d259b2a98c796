"""MLflow's door: what `mlflow.pyfunc.load_model` calls, and what it then asks.

    model = mlflow.pyfunc.load_model("churn")
    model.predict(frame)      # a frame: prediction, probability_No, probability_Yes

No pickle is read. MLflow itself is not imported here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.labels import class_names
from keepwell.deployment.standalone.model import StandaloneModel, open_model

if TYPE_CHECKING:
    import pandas as pd


class PythonModel:
    """Answers frames.

    Args:
        model: What answers.
    """

    def __init__(self, model: StandaloneModel) -> None:
        self._model = model
        names = class_names(model.card.signature)
        self._columns = [f"probability_{name}" for name in names]

    def predict(
        self,
        model_input: "pd.DataFrame | Sequence[Mapping[str, Any]]",
        params: Mapping[str, Any] | None = None,
    ) -> "pd.DataFrame":
        """Return a row for each row: `prediction`, and for classes a probability each.

        Raises:
            InvalidRequestError: If a value does not fit; names the column and the row.
        """
        import pandas as pd

        index = None
        if isinstance(model_input, pd.DataFrame):
            index = model_input.index
            rows: Sequence[Mapping[str, Any]] = _rows(model_input)
        elif isinstance(model_input, Sequence):
            rows = model_input
        else:
            raise InvalidRequestError(
                f"a {type(model_input).__name__} is not rows",
                why="the model takes a pandas DataFrame, or a list of objects",
                now="put the values into a DataFrame with the columns' names",
            )
        scores = self._model.scores(rows)
        answer: dict[str, Any] = {"prediction": scores.predictions}
        if scores.probabilities is not None:
            answer |= dict(zip(self._columns, scores.probabilities.T, strict=True))
        return pd.DataFrame(answer, index=index)


def _load_pyfunc(path: str) -> PythonModel:  # MLflow looks for this name
    return PythonModel(open_model(Path(path)))


def _rows(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return the rows as they would come from JSON."""
    columns = {
        str(name): [
            _plain(value) if present else None
            for value, present in zip(values.tolist(), values.notna().tolist(), strict=True)
        ]
        for name, values in frame.items()
    }
    return [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ] or [{} for _ in range(len(frame))]


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
