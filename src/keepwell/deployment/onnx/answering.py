"""From the outputs of a graph to probabilities in the signature's order, or numbers.

Which output answers, and how:

| output | read as |
|---|---|
| list of `{class: probability}` (ZipMap) | probabilities, by name of the class |
| matrix of one column per class | probabilities, in the order of the signature's classes |
| one number a row, two classes | probability of the second class |
| labels only | probability 1 for the label |
| one number a row, no classes | the prediction |
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

Activation = Literal["", "softmax", "sigmoid"]

_FLOATS = ("tensor(float)", "tensor(double)", "tensor(float16)")
_LABELS = ("tensor(int64)", "tensor(int32)", "tensor(string)", "tensor(bool)")
_PAIR = 2


class Answerer:
    """Reads one output of a graph.

    Args:
        outputs: The session's outputs.
        signature: What the model gives.
        activation: What turns scores into probabilities, where the graph does not do it itself.

    Raises:
        InvalidDataError: If no output can be the answer; names them.
    """

    def __init__(
        self, outputs: Sequence[Any], signature: Signature, activation: Activation = ""
    ) -> None:
        self._classes = list(signature.classes)
        self._places = {_word(label): at for at, label in enumerate(self._classes)}
        # A graph that was fitted on codes answers with codes, in the order of the labels.
        self._coded = all(isinstance(label, str) for label in self._classes)
        self._activation: Activation = activation
        chosen = _choose(outputs, signature)
        self.output: str = chosen.name
        self._reads = _how(chosen, signature)
        self._read = {
            "number": _column,
            "maps": self._maps,
            "labels": self._labels,
            "scores": self._matrix,
        }[self._reads]

    def plan(self) -> dict[str, str]:
        """Return how the output is read, as plain data: for a scorer that stands on its own."""
        return {"output": self.output, "reads": self._reads, "activation": self._activation}

    def answer(self, value: Any) -> "NDArray[np.float64]":
        """Return one row of answers per row.

        Raises:
            InvalidDataError: If the value does not have the shape that the signature promises.
        """
        return self._activate(self.scores(value))

    def scores(self, value: Any) -> "NDArray[np.float64]":
        """Return the same as the graph says it, before anything makes probabilities of it."""
        scores: NDArray[np.float64] = self._read(value)
        return scores

    def _maps(self, value: Any) -> "NDArray[np.float64]":
        answer = np.zeros((len(value), len(self._classes)))
        for row, known in enumerate(value):
            for label, probability in known.items():
                answer[row, self._place(label)] = probability
        return answer

    def _labels(self, value: Any) -> "NDArray[np.float64]":
        labels = np.asarray(value).reshape(-1).tolist()
        answer = np.zeros((len(labels), len(self._classes)))
        for row, label in enumerate(labels):
            answer[row, self._place(label)] = 1.0
        return answer

    def _matrix(self, value: Any) -> "NDArray[np.float64]":
        answer = np.asarray(value, dtype=np.float64)
        answer = answer.reshape(len(answer), -1)
        if answer.shape[1] == 1 and len(self._classes) == _PAIR:
            return answer
        if answer.shape[1] != len(self._classes):
            raise InvalidDataError(
                f"the model's output '{self.output}' has {answer.shape[1]} columns",
                why=f"there are {len(self._classes)} classes: {self._classes[:20]}",
                now="name the classes in the order of the model's output",
            )
        return answer

    def _activate(self, answer: "NDArray[np.float64]") -> "NDArray[np.float64]":
        if self._activation == "softmax":
            powers = np.exp(answer - answer.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        if self._activation == "sigmoid":
            answer = 1.0 / (1.0 + np.exp(-answer))
        if len(self._classes) == _PAIR and answer.shape[1] == 1:
            return np.hstack([1.0 - answer, answer])
        return answer

    def _place(self, label: Any) -> int:
        place = self._places.get(_word(label))
        if place is None and self._coded and isinstance(label, int):
            place = label if 0 <= label < len(self._classes) else None
        if place is None:
            raise InvalidDataError(
                f"the model answered with a class that it was not registered with: {label!r}",
                why=f"its classes are {self._classes[:20]}",
                now="register it again with all its classes",
            )
        return place


def needed_activation(scores: "NDArray[np.float64]") -> Activation:
    """Return what makes probabilities of these scores; nothing if they are some already."""
    several = scores.shape[1] > 1
    inside = bool(((scores >= 0.0) & (scores <= 1.0)).all())
    if inside and (not several or bool(np.allclose(scores.sum(axis=1), 1.0, atol=1e-3))):
        return ""
    return "softmax" if several else "sigmoid"


def is_scores(output: Any) -> bool:
    """Tell whether an output holds floating numbers."""
    return output.type in _FLOATS


def is_labels(output: Any) -> bool:
    """Tell whether an output holds labels or whole numbers."""
    return output.type in _LABELS


def _how(chosen: Any, signature: Signature) -> str:
    if signature.task.numeric:
        return "number"
    if chosen.type.startswith("seq("):
        return "maps"
    return "labels" if chosen.type in _LABELS else "scores"


def _choose(outputs: Sequence[Any], signature: Signature) -> Any:
    scores = [item for item in outputs if item.type in _FLOATS]
    if signature.task.numeric:
        candidates = [*scores, *(item for item in outputs if item.type in _LABELS)]
    else:
        maps = [item for item in outputs if item.type.startswith("seq(map(")]
        named = [item for item in scores if "prob" in item.name.lower()]
        labels = [item for item in outputs if item.type in _LABELS]
        candidates = [*maps, *named, *scores, *labels]
    if not candidates:
        raise InvalidDataError(
            "no output of the model can be an answer",
            why=f"its outputs are {', '.join(f'{item.name}: {item.type}' for item in outputs)}",
            now="export it so that it gives numbers, labels or probabilities",
        )
    return candidates[0]


def _column(value: Any) -> "NDArray[np.float64]":
    answer = np.asarray(value, dtype=np.float64)
    answer = answer.reshape(len(answer), -1)
    if answer.shape[1] != 1:
        raise InvalidDataError(
            f"the model gives {answer.shape[1]} numbers a row",
            why="a regression has one",
            now="export it with one output, or give a target that has classes",
        )
    return answer


def _word(label: Any) -> str:
    """Return a label as a graph may spell it: 1, 1.0, True and "1" are the same class."""
    if isinstance(label, bool | np.bool_):
        return str(int(label))
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)
