"""A chart of block characters: the live model as a filled curve, the frozen one as a line through it."""

from collections.abc import Mapping, Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
LINE = "╌"
Cell = tuple[str, str]
"""A character and what it belongs to: `served`, `frozen`, `both` (the line inside the curve) or ``."""


def draw(
    served: Sequence[float | None],
    frozen: Sequence[float | None],
    *,
    height: int,
    low: float,
    high: float,
) -> list[list[Cell]]:
    """Return the rows of the chart, top first; values outside of `low`..`high` stick to the border.

    >>> rows = draw([1.0, 0.75, None], [0.2, 0.2, None], height=2, low=0.0, high=1.0)
    >>> ["".join(char for char, _ in row) for row in rows]
    ['█▄ ', '╌╌ ']
    """
    rows: list[list[Cell]] = []
    for level in reversed(range(height)):
        row: list[Cell] = []
        for live, still in zip(served, frozen, strict=True):
            eighths = 0 if live is None else _eighths(live, low, high, height) - 8 * level
            char = BLOCKS[min(8, max(0, eighths))]
            kind = "served" if eighths > 0 else ""
            if still is not None and (_eighths(still, low, high, height) - 1) // 8 == level:
                char, kind = LINE, "both" if eighths > 0 else "frozen"
            row.append((char, kind))
        rows.append(row)
    return rows


def _eighths(value: float, low: float, high: float, height: int) -> int:
    share = (min(high, max(low, value)) - low) / (high - low)
    return max(1, round(share * height * 8))


def mark(width: int, markers: Mapping[int, str]) -> str:
    """Return the line of letters under the chart; of two at one place, the later gives way to the right.

    >>> mark(6, {1: "A", 3: "B"})
    ' A B  '
    """
    line = [" "] * width
    for place, letter in sorted(markers.items()):
        spot = next((spot for spot in range(place, width) if line[spot] == " "), None)
        if spot is not None:
            line[spot] = letter
    return "".join(line)
