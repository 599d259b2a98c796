"""Which compiled parts a model is made of, and which modules they are in."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from keepwell.core.plugins import PREFIX

_POINTS = ("steps", "heads")


def parts_of(data: Any) -> dict[str, list[EntryPoint]]:
    """Return the entry points that a scorer's data names, by extension point."""
    names = set(_names(data))
    return {
        point: sorted(
            (item for item in entry_points(group=PREFIX + point) if item.name in names),
            key=lambda item: item.name,
        )
        for point in _POINTS
    }


def _names(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        if isinstance(data.get("op"), str):
            yield data["op"]
        for value in data.values():
            yield from _names(value)
    elif isinstance(data, list):
        for value in data:
            yield from _names(value)
