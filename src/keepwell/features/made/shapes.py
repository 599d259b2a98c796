"""Counts that say what a text looks like. No library: a worker counts them too."""

from typing import Any

SHAPE = ("characters", "words", "digits", "capitals", "marks")


def shape_of(text: Any) -> list[float]:
    """Return the counts of `SHAPE`; all zero for a text that is missing."""
    if not isinstance(text, str):
        return [0.0] * len(SHAPE)
    digits = capitals = marks = 0
    for letter in text:
        if letter.isdigit():
            digits += 1
        elif letter.isupper():
            capitals += 1
        elif not letter.isalnum() and not letter.isspace():
            marks += 1
    return [
        float(len(text)),
        float(len(text.split())),
        float(digits),
        float(capitals),
        float(marks),
    ]
