"""Texts as vectors of a pretrained model: what they mean, whatever words say it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keepwell.core.records import Task
from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.learners.folds import has_text
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_A_TEXT = 0.01  # seconds, of a small encoder


class Embeddings:
    """A linear model, or LightGBM, over the vectors and the other columns. The encoder stays as it is."""

    flavour: Flavour = "sentences"
    interruptible = False
    needs = ("tokenizers", "onnxruntime", "torch", "transformers", "onnxscript")
    extra = "nlp"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the heads, if there are texts, and a pretrained model was given for them."""
        if not problem.text_model or not has_text(problem):
            return []
        from keepwell.training.neural.pretrained.folder import provenance

        shown: Params = {**provenance(problem.text_model)}
        return [
            Candidate(
                name=f"embeddings/{name}", learner="embeddings", params={"head": head, **shown}
            )
            for name, head in (("linear", "linear"), ("tight", "tight"), ("lightgbm", "lightgbm"))
        ]

    def ready(self, problem: Problem) -> None:
        """Write the encoder as ONNX, once for all folds."""
        from keepwell.training.neural.pretrained.texts import text_encoder

        text_encoder(problem.text_model, vectors=True)

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: every text goes through the encoder once."""
        return 2.0 + _A_TEXT * rows

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Fit the head."""
        learner, at = _head(str(candidate.params["head"]))
        offered = learner.candidates(problem)
        params = offered[min(at, len(offered) - 1)].params
        if at < 0 and problem.task is not Task.COUNTS and not problem.task.numeric:
            params = {"C": 10.0}  # vectors of length 1 hold small numbers
        chosen = replace(candidate, params=params)
        return learner.fit(chosen, problem, train, target, weights, watch)


def _head(name: str) -> tuple[Learner, int]:
    """Return the learner of a head, and which of its candidates."""
    from keepwell.training.learners.lightgbm import LightGBM
    from keepwell.training.learners.linear import Linear

    if name == "lightgbm":
        return LightGBM(), 0
    return Linear(), 0 if name == "tight" else -1


if TYPE_CHECKING:
    _: type[Learner] = Embeddings
