"""Cells that hold several labels: lists, JSON lists, or text with a delimiter between labels."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

DELIMITERS = (";", "|", ",")
_SHARE = 0.1  # of the cells must hold the delimiter
_MOST_LABELS = 100
_FEWEST_ROWS = 3  # that a label occurs in, on average


def labels_of(cell: Any, delimiter: str) -> list[str] | None:
    """Return the labels of a cell, None if nothing is known of it; an empty list is known."""
    if cell is None:
        return None
    if isinstance(cell, str):
        text = cell.strip()
        if text.startswith("["):
            try:
                found = json.loads(text)
            except ValueError:
                found = None
            if isinstance(found, list):
                cell = found
    if isinstance(cell, list | tuple):
        return list(dict.fromkeys(str(one).strip() for one in cell if one is not None))
    parts = str(cell).split(delimiter) if delimiter else [str(cell)]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def delimiter_of(cells: Sequence[Any]) -> str:
    """Return what stands between labels; empty where cells are lists, or hold one label each."""
    texts = [cell for cell in cells if isinstance(cell, str) and not cell.strip().startswith("[")]
    counts = {mark: sum(mark in text for text in texts) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: counts[mark])
    return best if counts[best] else ""


def hold_sets(cells: Sequence[Any]) -> bool:
    """Tell whether cells look like sets of labels: lists, or few parts in many combinations."""
    known = [cell for cell in cells if cell is not None and cell != ""]
    if not known:
        return False
    delimiter = delimiter_of(known)
    lists = all(isinstance(c, list) or (isinstance(c, str) and c.strip()[:1] == "[") for c in known)
    if not lists:
        if delimiter in ("", ",") or not all(isinstance(cell, str) for cell in known):
            return False  # commas stand in sentences and numbers too
        if sum(delimiter in cell for cell in known) < _SHARE * len(known):
            return False
    sets = [labels_of(cell, delimiter) or [] for cell in known]
    parts = Counter(label for labels in sets for label in labels)
    combinations = len({tuple(sorted(labels)) for labels in sets})
    return bool(parts) and (
        1 < len(parts) <= _MOST_LABELS
        and sum(parts.values()) >= _FEWEST_ROWS * len(parts)
        and combinations > len(parts)
    )
