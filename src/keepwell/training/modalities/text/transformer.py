"""A pretrained transformer, trained on from there with the texts at hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.devices import gpus
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.learners.folds import has_text
from keepwell.training.neural.course import Plan
from keepwell.training.neural.fitting import fit_module, module_seeded, settings_of
from keepwell.training.problem import Matrix, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_USUAL: dict[str, Any] = {
    "epochs": 3,
    "batch": 16,
    "rate": 5e-5,
    "model": "",
    "sha256": "",
}
_SLOW = 0.05  # seconds a text and pass, of a small model on a core
_LEAST_BUDGET = 60.0


class Transformer:
    """Fine-tunes all layers. It looks at the texts of a row, joined, and at no other column."""

    flavour: Flavour = "tokens"
    interruptible = True
    stops_early = epochs = True
    refitted = False
    tail = 15.0
    needs = ("tokenizers", "onnxruntime", "torch", "transformers", "onnxscript")
    extra = "nlp"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return one, if there are texts, and a pretrained model was given for them."""
        if not problem.text_model or not has_text(problem):
            return []
        from keepwell.training.neural.pretrained.folder import provenance

        shown = provenance(problem.text_model)
        return [Candidate(name="transformer/tuned", learner="transformer", params={**shown})]

    def pays(self, problem: Problem) -> bool:
        """Tell whether there is a GPU, or time for a processor to do without."""
        passes = 3 * problem.rows * _SLOW
        return problem.budget >= _LEAST_BUDGET and (bool(gpus()) or problem.budget > 10 * passes)

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess."""
        return 6.0 + _SLOW * rows * int(_USUAL["epochs"])

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Train encoder and head together, at a small rate."""
        given = settings_of(candidate.params, _USUAL, "transformer")

        def build(columns: int, scores: int) -> Any:
            from keepwell.training.neural.pretrained.scoring import scored_text

            return module_seeded(problem, lambda: scored_text(problem.text_model, scores))

        def plan(device: str) -> Plan:
            return Plan.of(given, device, patience=2)

        return fit_module(build, plan, problem, train, target, weights, watch, trimmed=True)


if TYPE_CHECKING:
    _: type[Learner] = Transformer
