"""A pretrained model of texts as it is: nothing is learnt from the rows.

It is the yardstick of what training is worth. Where it is good enough, it is served like any other.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import UNTRAINED, Candidate, Fitted, Learner, Watch
from keepwell.training.learners.folds import has_text
from keepwell.training.neural.fitting import answering, dense
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

_A_TEXT = 0.02  # seconds, of a small model on a core
_SHARPNESS = 20.0
"""By which cosines are multiplied: between texts they seldom differ by more than some tenths."""


class ZeroShot:
    """The model's own classes where they bear our names, else the class whose name lies nearest to the text.

    It looks at the texts of a row, joined, and at no other column.
    """

    flavour: Flavour = "tokens"
    interruptible = False
    tail = 15.0
    needs = ("tokenizers", "onnxruntime", "torch", "transformers", "onnxscript")
    extra = "nlp"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the model as it is; nothing where classes have no names in words."""
        if not problem.text_model or not has_text(problem) or problem.task.numeric:
            return []
        from keepwell.training.neural.pretrained.folder import provenance

        names = names_of(problem)
        own = own_places(problem.text_model, names)
        if own is None and not all(any(letter.isalpha() for letter in name) for name in names):
            return []
        shown: Params = {**provenance(problem.text_model)}
        said = "names" if own is None else "own-head"
        return [Candidate(name=f"{UNTRAINED}/{said}", learner=UNTRAINED, params=shown)]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: the rows that it is measured on are read, a part of those that are learnt from."""
        return 2.0 + _A_TEXT * rows / 4

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Read the model; the rows tell nothing but what they look like."""
        from keepwell.training.neural.pretrained.untrained import nearest_name, own_head

        names = names_of(problem)
        own = own_places(problem.text_model, names)
        if own is None:
            module = nearest_name(problem.text_model, names, _SHARPNESS)
        else:
            module = own_head(problem.text_model, own)
        rows, classes = dense(train.values), np.arange(problem.classes)
        return Fitted(model=answering(module, rows, classes, watch, trimmed=True))


def names_of(problem: Problem) -> list[str]:
    """Return what the classes are called in words, in their order."""
    given = {str(label): said for label, said in problem.text_labels.items()}
    labels = [str(label) for label in problem.signature.classes]
    return [given.get(label, label).replace("_", " ") for label in labels]


def own_places(path: str, names: Sequence[str]) -> list[int] | None:
    """Return where the model's own head has our classes; None if it has no head, or not all of them."""
    from keepwell.training.neural.pretrained.folder import document

    config = document(Path(path) / "config.json")
    architecture = str((config.get("architectures") or [""])[0])
    if not architecture.endswith("ForSequenceClassification"):
        return None
    labels: Mapping[str, Any] = config.get("id2label") or {}
    places = {str(said).replace("_", " ").casefold(): int(at) for at, said in labels.items()}
    found = [places.get(name.casefold(), -1) for name in names]
    return found if found and min(found) >= 0 and len(set(found)) == len(found) else None


if TYPE_CHECKING:
    _: type[Learner] = ZeroShot
