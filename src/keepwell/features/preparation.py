"""The fitted part of a model that turns the canonical frame into a matrix.

Small and standard on purpose: a deployed model compiles exactly these steps into plain data.

| columns | tree | linear |
|---|---|---|
| number, integer, boolean | as they are, nan included | median, "was missing" flag, standard score |
| category | ordinal code, unknown -1, missing a label of its own | one column per label |
| datetime | calendar parts | calendar parts, then as numbers |
| text | TF-IDF of words and pairs | the same, larger vocabulary |

A model that prepares its columns itself takes the third flavour, `frame`: the canonical frame, untouched.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from keepwell.core.records import ColumnType, Signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Flavour = Literal["tree", "linear", "frame"]

NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
MAX_CODES = 250  # LightGBM keeps 255 bins per column
MAX_DUMMIES = 100
_TERMS: dict[str, int] = {"tree": 300, "linear": 5000}


CHOICES: dict[str, tuple[str, ...]] = {
    "scale": ("standard", "robust", "quantile"),
    "encode": ("codes", "dummies"),
    "impute": ("median", "mean"),
}
"""What a search may vary: `scale` and `impute` of numbers for linear models; `encode` of categories."""


def preparation(
    signature: Signature, flavour: Flavour, choices: Mapping[str, Any] = MappingProxyType({})
) -> Any:
    """Return the unfitted transformer of the canonical frame.

    It is a `ColumnTransformer`, or one that changes nothing where the flavour is `frame`.

    `choices` (see `CHOICES`) say otherwise than the table above.

    Blocks are named `numbers`, `categories`, `dates` and `text:<column>`, in that order; each but
    the text blocks takes a list of columns. What it gives is a NumPy array, or a sparse matrix where
    text makes it so.
    """
    from sklearn.compose import ColumnTransformer

    if flavour == "frame":
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(feature_names_out="one-to-one")
    names = {kind: [f.name for f in signature.inputs if f.type is kind] for kind in ColumnType}
    numbers = [field.name for field in signature.inputs if field.type in NUMERIC]
    encode = choices.get("encode", "codes" if flavour == "tree" else "dummies")
    blocks: list[tuple[str, Any, Any]] = [
        ("numbers", "passthrough" if flavour == "tree" else _scaled(choices), numbers),
        ("categories", _codes() if encode == "codes" else _dummies(), names[ColumnType.CATEGORY]),
        ("dates", _dates(flavour, choices), names[ColumnType.DATETIME]),
    ]
    blocks += [(f"text:{name}", _terms(flavour), name) for name in names[ColumnType.TEXT]]
    used = [block for block in blocks if block[2]]
    return ColumnTransformer(used, sparse_threshold=0.3, verbose_feature_names_out=False)


def _scaled(choices: Mapping[str, Any]) -> "Pipeline":
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    # keep_empty_features: a column may be empty in one fold and filled in another.
    strategy = choices.get("impute", "median")
    impute = SimpleImputer(strategy=strategy, add_indicator=True, keep_empty_features=True)
    return Pipeline([("impute", impute), ("scale", _scaler(choices.get("scale", "standard")))])


def _scaler(scale: str) -> Any:
    from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler

    if scale == "quantile":
        return QuantileTransformer(
            n_quantiles=100, output_distribution="normal", subsample=100_000, random_state=0
        )
    return RobustScaler() if scale == "robust" else StandardScaler()


def _codes() -> Any:
    from sklearn.preprocessing import OrdinalEncoder

    return OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, max_categories=MAX_CODES
    )


def _dummies() -> Any:
    from sklearn.preprocessing import OneHotEncoder

    return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_DUMMIES)


def _dates(flavour: Flavour, choices: Mapping[str, Any]) -> "Pipeline":
    from sklearn.pipeline import Pipeline

    from keepwell.features.transforms.date_parts import DateParts

    return Pipeline(
        [("parts", DateParts()), *(_scaled(choices).steps if flavour == "linear" else ())]
    )


def _terms(flavour: Flavour) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(max_features=_TERMS[flavour], ngram_range=(1, 2), sublinear_tf=True)
