"""A small network of convolutions over pixels, with the other columns beside what it sees."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.core.records import ColumnType
from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.modalities.images.augmenting import augmentation
from keepwell.training.neural.course import Plan
from keepwell.training.neural.fitting import fit_module, module_seeded, settings_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_USUAL: dict[str, Any] = {
    "width": 16,
    "epochs": 20,
    "batch": 64,
    "rate": 0.003,
    "augment": "shift,light",
}
_OFFERED: dict[str, Params] = {"plain": {}, "mirrored": {"augment": "shift,light,mirror"}}
_SIDE = 32
_FEWEST = 50  # pictures: of fewer, edges and colours say as much
_LEAST_BUDGET = 40.0  # seconds: PyTorch alone takes some to load
_SLOW = 5e-4  # seconds a picture and pass, of a busy core


class ConvNet:
    """Learns what to look for in pictures, from these pictures alone."""

    flavour: Flavour = "pixels"
    interruptible = True
    stops_early = epochs = True
    refitted = False
    tail = 6.0
    needs = ("torch", "onnxscript", "onnxruntime", "PIL")
    extra = "torch,images"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return two ways to augment, if there are pictures."""
        if not pictures_of(problem):
            return []
        return [
            Candidate(
                name=f"convnet/{name}",
                learner="convnet",
                params=params,
                preparation={"side": _SIDE},
            )
            for name, params in _OFFERED.items()
        ]

    def pays(self, problem: Problem) -> bool:
        """Tell whether there are pictures enough, and time enough, to try it unasked."""
        return problem.budget >= _LEAST_BUDGET and problem.rows >= _FEWEST

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: PyTorch has to be loaded, then all passes."""
        return 3.0 + _SLOW * rows * int(_USUAL["epochs"])

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Train on pixels, augmented anew in every pass."""
        given = settings_of(candidate.params, _USUAL, "convnet")
        side, pictures = int(candidate.preparation.get("side") or _SIDE), pictures_of(problem)

        def build(columns: int, scores: int) -> Any:
            from keepwell.training.modalities.images.networks import small_network

            return module_seeded(
                problem,
                lambda: small_network(
                    columns, scores, pictures=pictures, side=side, width=int(given["width"])
                ),
            )

        def plan(device: str) -> Plan:
            augment = augmentation(ways_of(given["augment"]), side, pictures)
            return Plan.of(given, device, augment=augment)

        return fit_module(build, plan, problem, train, target, weights, watch)


def pictures_of(problem: Problem) -> int:
    """Return how many columns hold pictures."""
    return sum(field.type is ColumnType.IMAGE for field in problem.signature.inputs)


def ways_of(given: Any) -> list[str]:
    """Return the ways to augment of a setting: a list, or a text with commas."""
    words = given.split(",") if isinstance(given, str) else list(given or ())
    plain = [str(word).strip(" []'\"") for word in words]
    return [word for word in plain if word not in ("", "none")]


if TYPE_CHECKING:
    _: type[Learner] = ConvNet
