"""The steps of a scorer as one Python function, written once at load.

    code = Code(["v0", "v1"])
    code.apply(Scale(mean=[1.0, 0.0], scale=[2.0, 1.0]), code.inputs)
    # [Item("(v0 - k0) / k1"), Item("(v1 - k2) / k3")]

What is generated are names of our own and the operators between them. Everything that comes from a model
(numbers, tables, labels) goes in by closure, as `k0`, `k1` …: no text of a user is ever part of it.

A step takes part by `emit(code, columns)`: names in, `Item`s out, one per column. One without `emit`, and
all that follows it, is called as it is. Law: the function gives what the steps' `row` give one after the
other, to the bit; or it raises `TypeError`, on text where a step calculates, and the steps are to be asked.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from keepwell.deployment.scoring.parts import Step

Row = Callable[[Sequence[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class Item:
    """A column as an expression; or several as a starred one, how many may not be known."""

    text: str
    width: int | None = 1


@dataclass(slots=True)
class Code:
    """A function in the making.

    Attributes:
        width: How many values it takes.
    """

    width: int
    _constants: list[Any] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)
    _bound: int = 0

    @property
    def inputs(self) -> list[Item]:
        return [Item(f"v{at}") for at in range(self.width)]

    def constant(self, value: Any) -> str:
        """Return the name of a value that the function knows."""
        self._constants.append(value)
        return f"k{len(self._constants) - 1}"

    def apply(self, step: Step, items: list[Item]) -> list[Item]:
        """Return the columns that a step makes of columns."""
        emit = getattr(step, "emit", None)
        if emit is not None:
            names = self.names(items)
            if names is not None:
                emitted: list[Item] = emit(self, names)
                return emitted
        return self.call(step, [item.text for item in items])

    def call(self, step: Step, columns: list[str]) -> list[Item]:
        """Return the columns that a step makes when it is called as it is."""
        return [Item(f"*{self.constant(step.row)}([{', '.join(columns)}])", None)]

    def names(self, items: list[Item]) -> list[str] | None:
        """Return a short name for each column; None if it is not known how many there are."""
        names: list[str] = []
        for item in items:
            if item.width is None:
                return None
            if item.width == 1 and not item.text.startswith("*"):
                names.append(item.text if item.text.isidentifier() else self.bind(item.text))
            else:
                whole = self.bind(item.text[1:])
                names += [f"{whole}[{at}]" for at in range(item.width)]
        return names

    def function(self, items: list[Item]) -> Row:
        """Return the function whose result is these columns."""
        given = ", ".join(f"k{at}" for at in range(len(self._constants)))
        taken = ", ".join(f"v{at}" for at in range(self.width))
        lines = [f"def fused_of({given}):", " def fused(values):"]
        if taken:
            lines.append(f"  {taken}, = values")
        lines += [f"  {line}" for line in self._lines]
        lines += [f"  return [{', '.join(item.text for item in items)}]", " return fused"]
        place: dict[str, Any] = {}
        exec(compile("\n".join(lines), "<fused steps>", "exec"), {"__builtins__": {}}, place)  # noqa: S102
        made: Row = place["fused_of"](*self._constants)
        return made

    def bind(self, text: str) -> str:
        """Return a short name for an expression."""
        self._bound += 1
        name = f"t{self._bound}"
        self._lines.append(f"{name} = {text}")
        return name


def fuse(steps: Sequence[Step], inputs: Sequence[int], width: int, nans: Sequence[int] = ()) -> Row:
    """Return the function of steps that come one after the other.

    Args:
        steps: The steps.
        inputs: Which of the values the first of them takes, in its order.
        width: How many values there are.
        nans: Which of the taken values are nan where they are None.
    """
    code = Code(width)
    items = [code.inputs[at] for at in inputs]
    for at in nans:
        name = items[at].text
        items[at] = Item(f"({code.constant(math.nan)} if {name} is None else {name})")
    for step in steps:
        items = code.apply(step, items)
    return code.function(items)
