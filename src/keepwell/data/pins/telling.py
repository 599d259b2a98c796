"""How paths and lists of names stand in messages. Standard library only."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

_SHOWN = 5


def typed(path: Path) -> str:
    """Return a path as it can be typed into a shell, from the current folder."""
    return shlex.quote(os.path.relpath(path))


def some(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are.

    >>> some(["a", "b"]), some(["a", "b", "c", "d", "e", "f", "g"])
    ("'a', 'b'", "'a', 'b', 'c', 'd', 'e' and 2 more")
    """
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"
