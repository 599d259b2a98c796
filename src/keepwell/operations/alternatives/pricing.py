"""What a thousand rows cost, as far as prices are stated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepwell.operations.alternatives.contenders import Contender

_HOUR = 3600.0
_MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices, in whatever currency the user states them.

    Attributes:
        stated: Of a thousand rows, by contender's name.
        machine: Of an hour of the machine that versions and files run on; None: not stated.
        tokens: Of a million tokens in and out; None: not stated.
    """

    stated: Mapping[str, float] = field(default_factory=dict)
    machine: float | None = None
    tokens: tuple[float, float] | None = None

    def of(
        self, contender: "Contender", seconds: float, tokens: tuple[int, int], rows: int
    ) -> float | None:
        """Return the cost of a thousand rows; None where no price of it is known.

        Args:
            contender: Who answers.
            seconds: Mean time of one row.
            tokens: In and out, of all rows.
            rows: How many those were.
        """
        if contender.name in self.stated:
            return self.stated[contender.name]
        if not contender.bought:
            return None if self.machine is None else self.machine * seconds * 1000 / _HOUR
        if self.tokens is None or not any(tokens):
            return None
        spent = sum(count * price for count, price in zip(tokens, self.tokens, strict=True))
        return spent / _MILLION / rows * 1000
