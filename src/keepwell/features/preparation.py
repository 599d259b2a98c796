"""The fitted part of a model that turns the canonical frame into a matrix.

Small and standard on purpose: a deployed model compiles exactly these steps into plain data.

| columns | tree | linear |
|---|---|---|
| number, integer, boolean | as they are, nan included | median, "was missing" flag, standard score |
| category | ordinal code, unknown -1, missing a label of its own | one column per label |
| datetime | calendar parts | calendar parts, then as numbers |
| text | TF-IDF of words and pairs | the same, larger vocabulary |
| image | edges, colours and grey values | the same, as standard scores |

The flavour `text` is `linear` with all the words and pairs of a text, and the letters within its words. The
flavour `pixels` is `linear` with the pixels of pictures in place of what is measured in them; `sentences` is
`linear` with texts as vectors of a pretrained model, and `tokens` has nothing but the word pieces of texts.

What a project declares (`features:`) takes the place of these steps for the columns it names, and adds
features that are derived from columns; see `steps` and `derived`.

A model that prepares its columns itself takes the third flavour, `frame`: the canonical frame, untouched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from keepwell.core.features import AS_USUAL, FeaturesSpec, Steps
from keepwell.core.records import ColumnType, Signature
from keepwell.features.declared import Plan, category_steps, derived_steps, number_steps

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Flavour = Literal["tree", "linear", "text", "pixels", "sentences", "tokens", "frame"]

NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
_TERMS: dict[str, int] = {"tree": 300, "linear": 5000, "text": 50_000}
_LETTERS = 50_000
_SIDE = 32  # pixels of a picture's side


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainedText:
    """What texts are prepared by.

    Attributes:
        tokenizer: The contents of its `tokenizer.json`.
        length: Most word pieces of a text.
        graph: Its encoder as ONNX, an array of bytes; None where only pieces are wanted.
    """

    tokenizer: str
    length: int
    graph: Any = None


CHOICES: dict[str, tuple[str, ...]] = {
    "scale": ("standard", "robust", "quantile", "none"),
    "encode": ("codes", "dummies"),
    "impute": ("median", "mean"),
}
"""What a search may vary: `scale` and `impute` of numbers for linear models; `encode` of categories."""


def preparation(
    signature: Signature,
    flavour: Flavour,
    choices: Mapping[str, Any] = MappingProxyType({}),
    features: FeaturesSpec = AS_USUAL,
    *,
    for_distances: bool = False,
    encoder: PretrainedText | None = None,
) -> Any:
    """Return the unfitted transformer of the canonical frame.

    It is a `ColumnTransformer`, or one that changes nothing where the flavour is `frame`.

    `choices` (see `CHOICES`) say otherwise than the table above; `encoder` is what `sentences` and `tokens`
    need.

    Blocks are named `numbers`, `categories`, `dates`, `text:<column>`, `image:<column>` and
    `letters:<column>`, in that order, then `number:<column>` and `category:<column>` of columns with
    steps of their own, then `derived:<name>`; each but those of texts and images takes a list of
    columns. What it gives is a NumPy array, or a sparse matrix where text makes it so. For distances,
    true and false are as far apart as two labels are, however rare one of them is: stretched by their
    spread, they would drown the numbers.
    """
    from sklearn.compose import ColumnTransformer

    if flavour == "frame":
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(feature_names_out="one-to-one")
    texts = [field.name for field in signature.inputs if field.type is ColumnType.TEXT]
    if flavour == "tokens":
        return ColumnTransformer([("tokens", _pretrained(encoder, vectors=False), texts)])
    own = features.columns
    names = {
        kind: [f.name for f in signature.inputs if f.type is kind and f.name not in own]
        for kind in ColumnType
    }
    numbers = [
        field.name
        for field in signature.inputs
        if field.type in NUMERIC
        and field.name not in own
        and not (for_distances and field.type is ColumnType.BOOLEAN)
    ]
    plan = Plan(flavour=flavour, choices=choices, task=signature.task)
    blocks: list[tuple[str, Any, Any]] = [
        ("numbers", number_steps(plan, features.numbers), numbers),
        ("categories", category_steps(plan, features.categories), names[ColumnType.CATEGORY]),
        ("dates", _dates(plan), names[ColumnType.DATETIME]),
    ]
    if for_distances:
        blocks.append(("booleans", _gapless(), names[ColumnType.BOOLEAN]))
    if flavour == "sentences":
        blocks.append(("sentences", _pretrained(encoder, vectors=True), texts))
    else:
        blocks += [(f"text:{name}", _terms(flavour), name) for name in names[ColumnType.TEXT]]
    side = int(choices.get("side") or _SIDE)
    blocks += [
        (f"image:{name}", _pictures(flavour, side), name) for name in names[ColumnType.IMAGE]
    ]
    if flavour == "text":
        blocks += [(f"letters:{name}", _letters(), name) for name in names[ColumnType.TEXT]]
    kinds = {field.name: field.type for field in signature.inputs}
    for name, steps in own.items():
        if kinds.get(name) in NUMERIC:
            blocks.append((f"number:{name}", number_steps(plan, steps), [name]))
        elif kinds.get(name) is ColumnType.CATEGORY:
            blocks.append((f"category:{name}", category_steps(plan, steps), [name]))
    blocks += [
        (f"derived:{one.name}", derived_steps(plan, one), list(one.columns))
        for one in features.derive
    ]
    used = [block for block in blocks if block[2]]
    return ColumnTransformer(used, sparse_threshold=0.3, verbose_feature_names_out=False)


def _gapless() -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="most_frequent", keep_empty_features=True)


def _dates(plan: Plan) -> "Pipeline":
    from sklearn.pipeline import Pipeline

    from keepwell.features.transforms.date_parts import DateParts

    scaled = [] if plan.flavour == "tree" else number_steps(plan, Steps()).steps
    return Pipeline([("parts", DateParts()), *scaled])


def _terms(flavour: Flavour) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    from keepwell.features.transforms.term_weights import TermWeights

    kind = TermWeights if flavour == "text" else TfidfVectorizer
    return kind(
        max_features=_TERMS.get(flavour, _TERMS["linear"]), ngram_range=(1, 2), sublinear_tf=True
    )


def _pretrained(encoder: "PretrainedText | None", *, vectors: bool) -> Any:
    from keepwell.features.transforms.sentences import TextTokens, TextVectors

    if encoder is None:
        raise ValueError("texts are prepared by a pretrained model, and none is there")
    if not vectors:
        return TextTokens(tokenizer=encoder.tokenizer, length=encoder.length)
    graph = encoder.graph
    return TextVectors(tokenizer=encoder.tokenizer, length=encoder.length, graph=graph)


def _pictures(flavour: Flavour, side: int) -> Any:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    from keepwell.features.transforms.picture_parts import PictureParts

    if flavour == "pixels":
        from keepwell.features.transforms.pixels import PicturePixels

        return PicturePixels(side=side)
    if flavour == "tree":
        return PictureParts()
    return Pipeline([("parts", PictureParts()), ("scale", StandardScaler())])


def _letters() -> Any:
    """Return the runs of two to five letters within words: they see through spelling and endings."""
    from keepwell.features.transforms.term_weights import TermWeights

    return TermWeights(
        analyzer="char_wb", ngram_range=(2, 5), max_features=_LETTERS, sublinear_tf=True
    )
