"""Transfer learning: a pretrained model of pictures with a new head, and then all of it, gently."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.modalities.images.augmenting import augmentation
from keepwell.training.modalities.images.convnet import pictures_of, ways_of
from keepwell.training.neural.course import Plan
from keepwell.training.neural.fitting import fit_module, module_seeded, settings_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_USUAL: dict[str, Any] = {
    "train": "head",
    "epochs": 12,
    "batch": 32,
    "rate": 0.003,
    "augment": "mirror",
    "model": "",
    "sha256": "",
}
_OFFERED: dict[str, Params] = {
    "head": {"train": "head"},
    "all": {"train": "all", "rate": 3e-4, "augment": "shift,light,mirror"},
}
_SLOW = 0.03  # seconds a picture and pass, of a model such as ResNet-18 on a core
_LEAST_BUDGET = 30.0


class Transfer:
    """Starts from weights that have seen many other pictures."""

    flavour: Flavour = "pixels"
    interruptible = True
    stops_early = epochs = True
    refitted = False
    tail = 12.0
    needs = ("torch", "onnxscript", "onnxruntime", "PIL")
    extra = "torch,images"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return a new head over the model as it is, and all of it trained on, if a model was given."""
        if not problem.image_model or not pictures_of(problem):
            return []
        from keepwell.training.neural.pretrained.folder import provenance
        from keepwell.training.neural.pretrained.pictures import side_of

        shown, side = provenance(problem.image_model), side_of(problem.image_model)
        return [
            Candidate(
                name=f"transfer/{name}",
                learner="transfer",
                params={**params, **shown},
                preparation={"side": side},
            )
            for name, params in _OFFERED.items()
        ]

    def pays(self, problem: Problem) -> bool:
        """Tell whether there is time to load it."""
        return problem.budget >= _LEAST_BUDGET

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess."""
        return 6.0 + _SLOW * rows * 6

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Train the head, or everything."""
        given = settings_of(candidate.params, _USUAL, "transfer")
        side, pictures = int(candidate.preparation["side"] or 32), pictures_of(problem)

        def build(columns: int, scores: int) -> Any:
            from keepwell.training.modalities.images.networks import Beside
            from keepwell.training.neural.pretrained.pictures import load_eye

            eye, seen = load_eye(problem.image_model)
            eye.requires_grad_(str(given["train"]) == "all")
            eye.rests = str(given["train"]) != "all"
            return module_seeded(
                problem,
                lambda: Beside(
                    eye, seen=seen, columns=columns, scores=scores, pictures=pictures, side=side
                ),
            )

        def plan(device: str) -> Plan:
            augment = augmentation(ways_of(given["augment"]), side, pictures)
            return Plan.of(given, device, augment=augment)

        return fit_module(build, plan, problem, train, target, weights, watch)


if TYPE_CHECKING:
    _: type[Learner] = Transfer
