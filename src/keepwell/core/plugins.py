"""Extensions are found by entry point, ours like anybody else's.

An extension point is an entry-point group (`keepwell.sources`, `keepwell.learners`,
`keepwell.detectors`, …); an extension is a name in it. A plugin is loaded when it is first asked for.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from keepwell.core.errors import NotFoundError, PluginError
from keepwell.core.suggestions import did_you_mean

PREFIX = "keepwell."


@cache
def _group(point: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=PREFIX + point)}


def plugin_names(point: str) -> list[str]:
    """Return the names of all extensions of a point, sorted; nothing is loaded."""
    return sorted(_group(point))


def load_plugin(point: str, name: str) -> Any:
    """Return what the extension `name` of `point` provides.

    Raises:
        NotFoundError: If no installed package offers it.
        PluginError: If importing it fails.
    """
    entry = _group(point).get(name)
    if entry is None:
        names = plugin_names(point)
        raise NotFoundError(
            f"there is no {point.rstrip('s')} called '{name}'",
            why=f"installed: {', '.join(names) or 'none'}",
            now=did_you_mean(name, names)
            or f"install the package that offers it, or pick one of the {point} above",
        )
    try:
        return entry.load()
    except Exception as error:  # a stranger's module may raise anything
        raise PluginError(
            f"the {point.rstrip('s')} '{name}' cannot be loaded from {entry.value}",
            why=f"{type(error).__name__}: {error}",
            now="fix or uninstall the package that offers it",
        ) from error
