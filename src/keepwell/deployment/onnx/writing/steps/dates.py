"""`DateParts`: the calendar in integer arithmetic, as Howard Hinnant's `civil_from_days` has it."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block
from keepwell.deployment.onnx.writing.graph import Graph

_DAY = 86_400
_ERA = 146_097  # days of 400 years


def write_date_parts(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write the kept parts of every column, side by side."""
    columns = [graph.columns(block, [at]) for block in blocks for at in range(block.width)]
    results = []
    for column, kept in zip(columns, fitted.parts_, strict=True):
        parts = _Calendar(graph, column.name)
        results += [Block(name=parts.part(name), width=1) for name in kept]
    return graph.matrix(results)


class _Calendar:
    """Writes the parts of one column of Unix seconds."""

    def __init__(self, graph: Graph, seconds: str) -> None:
        from onnx import TensorProto

        self._graph = graph
        self._missing = graph.node("IsNaN", seconds)
        known = graph.node("Where", self._missing, graph.constant(np.float64(0)), seconds)
        self._stamp = graph.node("Cast", graph.node("Floor", known), to=TensorProto.INT64)
        self._second = self._with(
            "Mod", self._stamp, _DAY
        )  # of the day; Mod has the divisor's sign
        self._days = self._with("Div", self._with("Sub", self._stamp, self._second), _DAY)

    def part(self, name: str) -> str:
        """Return one part as doubles, nan where the time is missing."""
        whole = getattr(self, f"_{name}")()
        return self._graph.node(
            "Where",
            self._missing,
            self._graph.constant(np.float64(np.nan)),
            self._graph.doubles(whole),
        )

    def _hour(self) -> str:
        return self._with("Div", self._second, 3600)

    def _minute(self) -> str:
        return self._with("Mod", self._with("Div", self._second, 60), 60)

    def _weekday(self) -> str:
        return self._with("Mod", self._with("Add", self._days, 3), 7)

    def _year(self) -> str:
        return self._civil(self._days)[0]

    def _month(self) -> str:
        return self._civil(self._days)[1]

    def _day(self) -> str:
        return self._civil(self._days)[2]

    def _yearday(self) -> str:
        before = self._with("Sub", self._year(), 1)
        # Days before the first of January: 365 a year, and the leap days of the years before.
        leap = [self._floor(before, years) for years in (4, 100, 400)]
        leaps = self._with("Add", self._with("Sub", leap[0], leap[1]), leap[2])
        start = self._with("Add", self._with("Mul", before, 365), leaps)
        first = self._with("Sub", start, 719_162)  # of year 1 to 1970
        return self._with("Add", self._with("Sub", self._days, first), 1)

    def _civil(self, days: str) -> tuple[str, str, str]:
        shifted = self._with("Add", days, 719_468)
        era = self._floor(shifted, _ERA)
        of_era = self._with("Sub", shifted, self._with("Mul", era, _ERA))
        corrections = (("Sub", 1460), ("Add", 36_524), ("Sub", 146_096))
        counted = of_era
        for op, length in corrections:
            counted = self._with(op, counted, self._with("Div", of_era, length))
        year_of_era = self._with("Div", counted, 365)
        passed = self._with("Mul", year_of_era, 365)
        passed = self._with("Add", passed, self._with("Div", year_of_era, 4))
        passed = self._with("Sub", passed, self._with("Div", year_of_era, 100))
        of_year = self._with("Sub", of_era, passed)  # from the first of March
        fifths = self._with("Add", self._with("Mul", of_year, 5), 2)
        month = self._with("Div", fifths, 153)
        gone = self._with("Div", self._with("Add", self._with("Mul", month, 153), 2), 5)
        day = self._with("Add", self._with("Sub", of_year, gone), 1)
        month = self._with("Add", self._with("Mod", self._with("Add", month, 2), 12), 1)
        early = self._with("Div", self._with("Sub", 14, month), 12)  # 1 in January and February
        year = self._with("Add", year_of_era, self._with("Mul", era, 400))
        return self._with("Add", year, early), month, day

    def _floor(self, value: str, by: int) -> str:
        rest = self._with("Mod", value, by)
        return self._with("Div", self._with("Sub", value, rest), by)

    def _with(self, op: str, left: str | int, right: str | int) -> str:
        sides = [
            side if isinstance(side, str) else self._graph.constant(np.int64(side))
            for side in (left, right)
        ]
        return self._graph.node(op, *sides)
