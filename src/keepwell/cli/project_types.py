"""`keepwell init --type`: what kind of learning a project is set up for, and why just so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keepwell.core.errors import UsageError
from keepwell.core.records import ColumnType
from keepwell.core.spec import ProjectSpec, SearchSpec, TrainSpec
from keepwell.core.suggestions import did_you_mean

TYPES = ("classical", "deep", "automl")

EXAMPLES = {"classical": "churn", "deep": "images", "automl": "house-prices"}
"""The template that shows a type where no data is named."""

_CLASSICAL = ("linear", "elastic", "forest", "extra-trees", "lightgbm")
_DEEP_BUDGET, _AUTOML_BUDGET = 300.0, 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A type with what it means for some data.

    Attributes:
        train: Goes into the project file.
        notes: What was chosen and why, a sentence a line; they stand at the file's head.
    """

    train: TrainSpec
    notes: tuple[str, ...]


def check_type(kind: str, model: str) -> None:
    """Refuse a type that there is not, and a pretrained model without one that would use it.

    Raises:
        UsageError: Says which there are.
    """
    if kind and kind not in TYPES:
        raise UsageError(
            f"there is no project type '{kind}'",
            why="classical: one model that can be read; deep: neural networks; automl: all that there is",
            now=did_you_mean(kind, TYPES) or "--type automl",
        )
    if model and kind != "deep":
        raise UsageError(
            "--model is for --type deep",
            why="a pretrained model is where a neural network starts from",
            now=f"say --type deep --model {model}, or leave out --model",
        )


def choose(
    kind: str, columns: Mapping[str, ColumnType], train: TrainSpec, model: str = ""
) -> Chosen:
    """Return what a type means for a project.

    Args:
        kind: One of `TYPES`.
        columns: The features, by name.
        train: What the project says already.
        model: Path of a pretrained model, as the project file says it.

    Raises:
        MissingExtraError: If it needs an extra that is not installed.
    """
    if kind == "classical":
        return Chosen(
            train=replace(
                train, learners=_CLASSICAL, ensemble=1, search=SearchSpec(trials=0), features="off"
            ),
            notes=(
                "Type: classical. Linear models, forests and boosting in good settings race.",
                "The best one alone is kept, so that it can be read; no feature is made unasked.",
            ),
        )
    if kind == "automl":
        return Chosen(
            train=replace(train, budget=_AUTOML_BUDGET, calibrate="auto"),
            notes=(
                "Type: automl. Every installed learner races, and settings and features are searched.",
                "The best vote together, and probabilities are bent so that they hold.",
            ),
        )
    return _deep(columns, train, model)


def _deep(columns: Mapping[str, ColumnType], train: TrainSpec, model: str) -> Chosen:
    from keepwell.training.learners.field import installed

    pictures = [name for name, kind in columns.items() if kind is ColumnType.IMAGE]
    texts = [name for name, kind in columns.items() if kind is ColumnType.TEXT]
    learners: tuple[str, ...]
    if pictures:
        learners = ("convnet", "transfer") if model else ("convnet",)
        why = f"'{pictures[0]}' holds pictures: a network of convolutions learns what to look for"
        train = replace(train, image_model=model)
        more = "transfer learning starts from the model" if model else _without("transfer learning")
    elif texts and model:
        learners = ("embeddings", "transformer")
        why = f"'{texts[0]}' holds texts: the pretrained model reads them"
        train = replace(train, text_model=model)
        more = "a head over its vectors races with all of it trained on"
    else:
        learners = ("network",)
        why = "the columns are a table: layers over numbers and labels"
        more = _without("fine-tuning on the texts") if texts else "`linear` is there to be beaten"
        learners = ("network", "linear") if not texts else ("network", "text")
    installed(learners)  # says which extra is missing, before anything is written
    return Chosen(
        train=replace(train, learners=learners, budget=_DEEP_BUDGET, ensemble=1),
        notes=(
            f"Type: deep. {why}.",
            f"{more[0].upper()}{more[1:]}.",
            "PyTorch trains, on a GPU where there is one, and keeps checkpoints; onnxruntime serves.",
        ),
    )


def _without(what: str) -> str:
    return f"`--model FOLDER` would add {what}, from a model on this disk"


def features_of(spec: ProjectSpec, kinds: Mapping[str, ColumnType]) -> dict[str, ColumnType]:
    """Return the columns that a project learns from."""
    own = (spec.data.target, spec.data.key, spec.data.time, *spec.data.ignore)
    return {name: kind for name, kind in kinds.items() if name not in own}
