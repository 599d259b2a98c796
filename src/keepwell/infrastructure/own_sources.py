"""The files that a model of the user's own is written in; read, not run."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_FILE = re.compile(r"(.+\.py)(:\w+)?")


def own_sources(learners: Iterable[Any], root: Path) -> list[str]:
    """Return the files among the learners, and what they import from beside them, relative to `root`."""
    names = [str(getattr(item, "name", item)) for item in learners]
    waiting = [root / found[1] for name in names if (found := _FILE.fullmatch(name))]
    known: dict[Path, None] = {}
    while waiting:
        path = waiting.pop(0)
        if path not in known:
            known[path] = None
            waiting += _neighbours(path)
    return [
        str(path.relative_to(root)) if path.is_relative_to(root) else str(path) for path in known
    ]


def _neighbours(path: Path) -> list[Path]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    beside = [path.parent / Path(*name.split(".")) for name in names]
    candidates = [
        file for place in beside for file in (place.with_suffix(".py"), place / "__init__.py")
    ]
    return [file for file in candidates if file.is_file()]
