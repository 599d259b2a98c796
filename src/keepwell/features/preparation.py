"""The fitted part of a model that turns the canonical frame into a matrix.

Small and standard on purpose: a deployed model compiles exactly these steps into plain data.

| columns | tree | linear |
|---|---|---|
| number, integer, boolean | as they are, nan included | median, "was missing" flag, standard score |
| category | ordinal code, unknown -1, missing a label of its own | one column per label |
| datetime | calendar parts | calendar parts, then as numbers |
| text | TF-IDF of words and pairs | the same, larger vocabulary |
| image | edges, colours and grey values | the same, as standard scores |

The flavour `text` is `linear` with all the words and pairs of a text, and the letters within its words.
A model that prepares its columns itself takes the third flavour, `frame`: the canonical frame, untouched.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from keepwell.core.records import ColumnType, Signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Flavour = Literal["tree", "linear", "text", "frame"]

NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
MAX_CODES = 250  # LightGBM keeps 255 bins per column
MAX_DUMMIES = 100
_TERMS: dict[str, int] = {"tree": 300, "linear": 5000, "text": 50_000}
_LETTERS = 50_000


CHOICES: dict[str, tuple[str, ...]] = {
    "scale": ("standard", "robust", "quantile"),
    "encode": ("codes", "dummies"),
    "impute": ("median", "mean"),
}
"""What a search may vary: `scale` and `impute` of numbers for linear models; `encode` of categories."""


def preparation(
    signature: Signature,
    flavour: Flavour,
    choices: Mapping[str, Any] = MappingProxyType({}),
    *,
    for_distances: bool = False,
) -> Any:
    """Return the unfitted transformer of the canonical frame.

    It is a `ColumnTransformer`, or one that changes nothing where the flavour is `frame`.

    `choices` (see `CHOICES`) say otherwise than the table above.

    Blocks are named `numbers`, `categories`, `dates`, `text:<column>`, `image:<column>` and
    `letters:<column>`, in that order; each but those of texts and images takes a list of columns. What
    it gives is a NumPy array, or a sparse matrix where text makes it so. For distances, true and false
    are as far apart as two labels are, however rare one of them is: stretched by their spread, they
    would drown the numbers.
    """
    from sklearn.compose import ColumnTransformer

    if flavour == "frame":
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(feature_names_out="one-to-one")
    names = {kind: [f.name for f in signature.inputs if f.type is kind] for kind in ColumnType}
    numbers = [
        field.name
        for field in signature.inputs
        if field.type in NUMERIC and not (for_distances and field.type is ColumnType.BOOLEAN)
    ]
    encode = choices.get("encode", "codes" if flavour == "tree" else "dummies")
    blocks: list[tuple[str, Any, Any]] = [
        ("numbers", "passthrough" if flavour == "tree" else _scaled(choices), numbers),
        ("categories", _codes() if encode == "codes" else _dummies(), names[ColumnType.CATEGORY]),
        ("dates", _dates(flavour, choices), names[ColumnType.DATETIME]),
    ]
    if for_distances:
        blocks.append(("booleans", _gapless(), names[ColumnType.BOOLEAN]))
    blocks += [(f"text:{name}", _terms(flavour), name) for name in names[ColumnType.TEXT]]
    blocks += [(f"image:{name}", _pictures(flavour), name) for name in names[ColumnType.IMAGE]]
    if flavour == "text":
        blocks += [(f"letters:{name}", _letters(), name) for name in names[ColumnType.TEXT]]
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


def _gapless() -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="most_frequent", keep_empty_features=True)


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
        [("parts", DateParts()), *(_scaled(choices).steps if flavour != "tree" else ())]
    )


def _terms(flavour: Flavour) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    from keepwell.features.transforms.term_weights import TermWeights

    kind = TermWeights if flavour == "text" else TfidfVectorizer
    return kind(max_features=_TERMS[flavour], ngram_range=(1, 2), sublinear_tf=True)


def _pictures(flavour: Flavour) -> Any:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    from keepwell.features.transforms.picture_parts import PictureParts

    if flavour == "tree":
        return PictureParts()
    return Pipeline([("parts", PictureParts()), ("scale", StandardScaler())])


def _letters() -> Any:
    """Return the runs of two to five letters within words: they see through spelling and endings."""
    from keepwell.features.transforms.term_weights import TermWeights

    return TermWeights(
        analyzer="char_wb", ngram_range=(2, 5), max_features=_LETTERS, sublinear_tf=True
    )
