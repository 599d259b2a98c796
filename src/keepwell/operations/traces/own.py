"""A score by a function of the project's: `scores.py:grounded`."""

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from keepwell.core.errors import PluginError
from keepwell.core.spec.tracing import ScorerSpec


def own_score(scorer: ScorerSpec, root: Path, told: dict[str, Any]) -> tuple[float | None, str]:
    """Return what the function says of a trace: a number or a truth, perhaps with a reason; None for nothing.

    Args:
        scorer: Names the file and the function.
        root: The project's folder.
        told: The trace: `input`, `output`, `app`, `user`, `session`, `ms`, `error`, `spans` …

    Raises:
        PluginError: If there is no such function, or it fails, or says something else.
    """
    file, _, name = scorer.python.partition(":")
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise PluginError(f"there is no file {file} in the project")
    function = _loaded(path, path.stat().st_mtime_ns).get(name)
    if not callable(function):
        raise PluginError(f"{file} has no function '{name}'")
    return _said(function, scorer, told)


def _said(
    function: Callable[[dict[str, Any]], Any], scorer: ScorerSpec, told: dict[str, Any]
) -> tuple[float | None, str]:
    try:
        said = function(told)
    except Exception as error:
        raise PluginError(
            f"{scorer.python} failed", why=f"{type(error).__name__}: {error}"
        ) from error
    value, why = said if isinstance(said, tuple) and len(said) == 2 else (said, "")  # noqa: PLR2004
    if value is None:
        return None, str(why)
    if not isinstance(value, int | float) or value != value:  # noqa: PLR0124 (not a number)
        raise PluginError(
            f"{scorer.python} returned {value!r:.60}",
            why="a score is a number or a truth, None for no opinion, or one of them with a reason",
        )
    return float(value), str(why)


@lru_cache(maxsize=32)
def _loaded(path: Path, changed: int) -> dict[str, Any]:
    """Return a file's names; `changed` makes a changed file be read again."""
    spec = importlib.util.spec_from_file_location(f"keepwell_scores_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path.name} is not Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)
