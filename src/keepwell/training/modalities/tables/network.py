"""A deep network over the columns of a table, in PyTorch: on a GPU, with checkpoints, served as ONNX."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.neural.course import Plan
from keepwell.training.neural.fitting import fit_module, module_seeded, settings_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_USUAL: dict[str, Any] = {
    "width": 128,
    "layers": 3,
    "dropout": 0.1,
    "epochs": 60,
    "batch": 128,
    "rate": 0.002,
}
_OFFERED: dict[str, Params] = {"deep": {}, "wide": {"width": 384, "layers": 2, "dropout": 0.3}}
_SLOW = 1.5e-5  # seconds a row and pass


class Network:
    """Layers with normalization and dropout. `perceptron` does without PyTorch, and is tried unasked."""

    flavour: Flavour = "linear"
    interruptible = True
    stops_early = epochs = True
    refitted = False
    tail = 5.0
    on_request = True
    needs = ("torch", "onnxscript", "onnxruntime")
    extra = "torch"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return a deep one and a wide one."""
        return [
            Candidate(name=f"network/{name}", learner="network", params=params)
            for name, params in _OFFERED.items()
        ]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess."""
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
        """Train."""
        given = settings_of(candidate.params, _USUAL, "network")

        def build(columns: int, scores: int) -> Any:
            return module_seeded(problem, lambda: _layers(columns, scores, given))

        def plan(device: str) -> Plan:
            batch = min(int(given["batch"]), max(problem.rows // 10, 8))
            return Plan.of(given, device, batch=batch, patience=8)

        return fit_module(build, plan, problem, train, target, weights, watch)


def _layers(columns: int, scores: int, given: dict[str, Any]) -> Any:
    from torch import nn

    layers: list[Any] = []
    before, width = columns, int(given["width"])
    for _ in range(int(given["layers"])):
        layers += [nn.Linear(before, width), nn.BatchNorm1d(width), nn.ReLU()]
        layers.append(nn.Dropout(float(given["dropout"])))
        before = width
    return nn.Sequential(*layers, nn.Linear(before, scores))


if TYPE_CHECKING:
    _: type[Learner] = Network
