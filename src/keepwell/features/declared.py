"""The steps of columns, usual or declared, and of features that are derived from columns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.core.features import Derived, Steps
from keepwell.core.formulas import parse, placed
from keepwell.core.records import Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MAX_CODES = 250  # LightGBM keeps 255 bins per column
MAX_DUMMIES = 100
_FOLDS_GIVEN = (1, 9)  # of scikit-learn: from here on an encoder is told how to fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the steps are for.

    Attributes:
        flavour: `tree` or `linear`.
        choices: What a search varies.
        task: What is predicted: an encoder by the target wants to know.
    """

    flavour: str
    choices: Mapping[str, Any]
    task: Task


def number_steps(plan: Plan, steps: Steps) -> Any:
    """Return what numbers go through: `passthrough`, or a pipeline."""
    from sklearn.pipeline import Pipeline

    from keepwell.features.transforms import Clip, LowVariance, SignedLog

    tree = plan.flavour == "tree"
    made: list[tuple[str, Any]] = []
    if steps.clip is not None:
        made.append(("clip", Clip(*steps.clip)))
    if steps.log:
        made.append(("log", SignedLog()))
    if steps.drop_low_variance is not None:
        made.append(("drop_low_variance", LowVariance(steps.drop_low_variance)))
    if not tree or steps.impute is not None or steps.bins:
        flags = not tree and not steps.bins
        made.append(("impute", _imputer(plan, steps.impute, flags=flags)))
    if steps.bins:
        made.append(("bins", _bins(steps.bins, ordinal=tree)))
    else:
        usual = "none" if tree else plan.choices.get("scale", "standard")
        if (scale := steps.scale or usual) != "none":
            made.append(("scale", scaler(scale)))
    return Pipeline(made) if made else "passthrough"


def _imputer(plan: Plan, impute: str | float | None, *, flags: bool) -> Any:
    from sklearn.impute import SimpleImputer

    value = None if impute is None or isinstance(impute, str) else impute
    strategy = impute if isinstance(impute, str) else plan.choices.get("impute", "median")
    # keep_empty_features: a column may be empty in one fold and filled in another.
    return SimpleImputer(
        strategy="constant" if value is not None else strategy,
        fill_value=value,
        add_indicator=flags,
        keep_empty_features=True,
    )


def scaler(scale: str) -> Any:
    """Return a scaler by name."""
    from sklearn.preprocessing import (
        MinMaxScaler,
        QuantileTransformer,
        RobustScaler,
        StandardScaler,
    )

    if scale == "quantile":
        return QuantileTransformer(
            n_quantiles=100, output_distribution="normal", subsample=100_000, random_state=0
        )
    return {"robust": RobustScaler, "minmax": MinMaxScaler}.get(scale, StandardScaler)()


def _bins(count: int, *, ordinal: bool) -> Any:
    from sklearn.preprocessing import KBinsDiscretizer

    return KBinsDiscretizer(
        n_bins=count,
        encode="ordinal" if ordinal else "onehot-dense",
        strategy="quantile",
        quantile_method="averaged_inverted_cdf",
        subsample=200_000,
        random_state=0,
    )


def category_steps(plan: Plan, steps: Steps) -> Any:
    """Return what categories go through."""
    from sklearn.pipeline import Pipeline

    usual = plan.choices.get("encode", "codes" if plan.flavour == "tree" else "dummies")
    encode = steps.encode or {"codes": "ordinal", "dummies": "onehot"}[usual]
    encoder = _encoder(plan, encode)
    if steps.impute is None and (steps.encode is None or encode == "onehot"):
        return encoder
    made: list[tuple[str, Any]] = []
    if steps.impute is not None:
        made.append(("impute", _label_imputer(steps.impute)))
    made.append(("encode", encoder))
    if plan.flavour == "linear" and steps.encode is not None and encode != "onehot":
        made.append(("impute_codes", _imputer(plan, None, flags=False)))
        made.append(("scale", scaler("standard")))
    return Pipeline(made)


def _label_imputer(impute: str | float) -> Any:
    from sklearn.impute import SimpleImputer

    usual = impute == "most_frequent"
    return SimpleImputer(
        missing_values=None,
        strategy="most_frequent" if usual else "constant",
        fill_value=None if usual else str(impute),
        keep_empty_features=True,
    )


def _encoder(plan: Plan, encode: str) -> Any:
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    from keepwell.features.transforms import Frequency

    if encode == "onehot":
        return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_DUMMIES)
    if encode == "frequency":
        return Frequency()
    if encode == "target":
        return target_encoder(plan.task)
    return OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, max_categories=MAX_CODES
    )


def target_encoder(task: Task) -> Any:
    """Return the encoder by the target; what it gives of rows it is fitted on is out of fold."""
    from sklearn import __version__
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    kinds = {Task.BINARY: "binary", Task.MULTICLASS: "multiclass"}
    kind = kinds.get(task, "continuous")
    if tuple(map(int, __version__.split(".")[:2])) < _FOLDS_GIVEN:
        return TargetEncoder(target_type=kind, random_state=0)
    return TargetEncoder(target_type=kind, cv=KFold(5, shuffle=True, random_state=0))


def derived_steps(plan: Plan, derived: Derived) -> "Pipeline":
    """Return what makes a derived feature of its columns."""
    from sklearn.pipeline import Pipeline

    made: list[tuple[str, Any]] = [("make", _maker(plan, derived))]
    if plan.flavour == "linear":
        made.append(("impute", _imputer(plan, None, flags=False)))
        if (scale := plan.choices.get("scale", "standard")) != "none":
            made.append(("scale", scaler(scale)))
    return Pipeline(made)


def _maker(plan: Plan, derived: Derived) -> Any:
    from keepwell.features.transforms import Formula, Frequency, GroupStatistic, TextShape

    if derived.kind == "formula":
        return Formula(json.dumps(placed(parse(derived.detail), derived.columns)))
    if derived.kind == "group":
        return GroupStatistic(derived.detail, derived.difference)
    if derived.kind == "target":
        return target_encoder(plan.task)
    return Frequency() if derived.kind == "share" else TextShape()
