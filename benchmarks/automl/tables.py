"""The data sets, and the one split that every engine gets."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
_TEST = 0.25
_SEED = 20_260


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One data set; `kind` is binary, multiclass or regression."""

    name: str
    kind: str
    train: pd.DataFrame
    test: pd.DataFrame
    target: str

    @property
    def metric(self) -> str:
        """What every engine is asked to optimise, and is judged by."""
        return {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[self.kind]

    @property
    def labels(self) -> list[str]:
        """Columns that hold texts."""
        return [name for name in self.train if not _is_number(self.train[name])]


_FILES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "adult": ("tabular_adult_income/adult.csv", "income", "binary", ()),
    "telco": ("tabular_telco_churn/telco_churn.csv", "Churn", "binary", ("customerID",)),
    "german": ("fairness_south_german_credit/south_german_credit.csv", "credit_risk", "binary", ()),
    "loans": (
        "events_feast_credit_and_drivers/loan_table.parquet", "loan_status", "binary",
        ("loan_id", "dob_ssn", "event_timestamp", "created_timestamp"),
    ),
    "weather": ("drift_noaa_weather/noaa_weather.csv", "rain", "binary", ("t",)),
    "beans": ("multiclass_dry_bean/dry_bean.parquet", "Class", "multiclass", ()),
    "bikes": (
        "regression_bike_sharing/bike_sharing_hour.csv", "cnt", "regression",
        ("casual", "registered", "instant", "dteday"),
    ),
    "california": (
        "regression_california_housing/california_housing.csv", "median_house_value",
        "regression", (),
    ),
    "quality": ("multiclass_wine_quality/wine_quality.csv", "quality", "regression", ()),
}  # fmt: skip
_OFFLINE: dict[str, str] = {
    "breast_cancer": "binary",
    "digits": "multiclass",
    "diabetes": "regression",
    "wine": "multiclass",
    "iris": "multiclass",
}
_TRIVIAL = ("wine", "iris")
"""Of so few test rows that ranks are noise: for a quick try, by name."""


def names() -> list[str]:
    """Return the data sets that are there: scikit-learn's own always, files where they lie."""
    there = [name for name in _FILES if (DATA / _FILES[name][0]).exists()]
    return there + [name for name in _OFFLINE if name not in _TRIVIAL]


def table(name: str) -> Table:
    """Return a data set, divided by a fixed lot."""
    if name in _OFFLINE:
        from sklearn import datasets

        load: Callable[..., Any] = getattr(datasets, f"load_{name}")
        frame, target, kind = load(as_frame=True).frame, "target", _OFFLINE[name]
    else:
        file, target, kind, left_out = _FILES[name]
        path = DATA / file
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        frame = frame.drop(columns=[column for column in left_out if column in frame])
    frame = frame[frame[target].notna()].reset_index(drop=True)
    if kind != "regression":
        frame[target] = "c" + frame[target].astype(str)  # a label is a label to everybody
    order = np.random.default_rng(_SEED).permutation(len(frame))
    held = round(len(frame) * _TEST)
    return Table(
        name=name,
        kind=kind,
        train=frame.iloc[np.sort(order[held:])].reset_index(drop=True),
        test=frame.iloc[np.sort(order[:held])].reset_index(drop=True),
        target=target,
    )


def write(given: Table, folder: Path) -> None:
    """Write a data set so that any Python with pandas, of any version, reads the same."""
    for part in ("train", "test"):
        getattr(given, part).to_csv(folder / f"{part}.csv", index=False)
    about = {"name": given.name, "kind": given.kind, "target": given.target, "labels": given.labels}
    (folder / "about.json").write_text(json.dumps(about))


def read(folder: Path) -> Table:
    """Return what was written."""
    about = json.loads((folder / "about.json").read_text())
    kinds = dict.fromkeys(about.pop("labels"), str)
    parts = {
        part: pd.read_csv(
            folder / f"{part}.csv", dtype=kinds, keep_default_na=False, na_values=[""]
        )
        for part in ("train", "test")
    }
    return Table(**about, **parts)


def _is_number(values: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values))
