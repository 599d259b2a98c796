"""A heat map, as Plotly describes it, told as a table: the confusion of classes reads better so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHADES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A heat map as a table: each cell is its text and a shade from 0 to `SHADES`."""

    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]


def matrix_of(heat: Mapping[str, Any], layout: Mapping[str, Any]) -> Matrix:
    """Return a heat map as a table; the darkest cell is the largest of its row.

    Shades follow the shares within a row, so that a rare class is as legible as a frequent one.
    """
    texts = heat.get("text") or heat["z"]
    rows = tuple(
        (
            str(name),
            tuple(_cell(text, value, values) for text, value in zip(said, values, strict=True)),
        )
        for name, said, values in zip(heat["y"], texts, heat["z"], strict=True)
    )
    return Matrix(
        across=_axis(layout, "xaxis"),
        down=_axis(layout, "yaxis"),
        columns=tuple(str(name) for name in heat["x"]),
        rows=rows,
    )


def _cell(text: object, value: float | None, row: Sequence[float | None]) -> tuple[str, int]:
    total = sum(abs(item) for item in row if item is not None)
    shade = round(abs(value or 0.0) / total * SHADES) if total else 0
    return (f"{text:,}" if isinstance(text, int) else str(text)), shade


def _axis(layout: Mapping[str, Any], name: str) -> str:
    title = layout.get(name, {}).get("title", "")
    return str(title.get("text", "") if isinstance(title, dict) else title)
