"""What is checked and made before a search that may use pretrained models."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from keepwell.core.errors import MissingExtraError, UsageError
from keepwell.core.progress import Progress
from keepwell.core.spec import LearnerSpec, TrainSpec
from keepwell.training.learners.base import UNTRAINED, Learner
from keepwell.training.problem import Problem

_NEED = {
    "embeddings": ("text", "text_model", "texts"),
    "transformer": ("text", "text_model", "texts"),
    UNTRAINED: ("text", "text_model", "texts"),
    "transfer": ("images", "image_model", "pictures"),
}


def check_models(spec: TrainSpec) -> None:
    """Refuse models that are not there, and learners without the model that they start from.

    Raises:
        InvalidDataError: If what is there is no model.
        MissingExtraError: If a model is named that needs an extra.
        NotFoundError: If a model is not there.
        UsageError: If a learner lacks its model.
    """
    names = [item.name if isinstance(item, LearnerSpec) else item for item in spec.learners]
    for name in names:
        if name in _NEED and not getattr(spec, _NEED[name][1]):
            section, _, subject = _NEED[name]
            raise UsageError(
                f"the learner '{name}' needs a pretrained model of {subject}",
                why=f"`{section}: {{model: …}}` under `train:` does not name one",
                now=f"{section}: {{model: models/FOLDER}} under `train:` in keepwell.yaml",
            )
    if not (spec.text_model or spec.image_model):
        return
    from keepwell.training.neural.pretrained.folder import model_at

    if spec.text_model:
        model_at(spec.text_model)
        if find_spec("transformers") is None or find_spec("torch") is None:
            raise MissingExtraError("`text: {model: …}` under `train:`", extra="nlp")
    if spec.image_model:
        at = model_at(spec.image_model, file=True)
        if find_spec("torch") is None:
            raise MissingExtraError("`images: {model: …}` under `train:`", extra="torch,images")
        if at.is_dir() and find_spec("transformers") is None:
            raise MissingExtraError("a model's folder at `images: {model: …}`", extra="nlp")


def with_untrained(spec: TrainSpec) -> "tuple[str | LearnerSpec, ...]":
    """Return the learners that were named; where one trains a model of texts on, with the model as it is."""
    names = {item.name if isinstance(item, LearnerSpec) else item for item in spec.learners}
    trained_on = names & {"embeddings", "transformer"}
    return (*spec.learners, UNTRAINED) if trained_on and UNTRAINED not in names else spec.learners


def make_ready(learners: Mapping[str, Learner], problem: Problem, progress: Progress) -> None:
    """Let learners make what all their fits share, here, before there are children."""
    for learner in learners.values():
        ready = getattr(learner, "ready", None)
        if ready is not None and problem.text_model and learner.candidates(problem):
            progress.update("reading the pretrained model")
            ready(problem)


def rooted(path: str, root: Path) -> str:
    """Return where a model is, seen from anywhere."""
    return str(root / Path(path).expanduser()) if path else ""
