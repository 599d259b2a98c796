"""Which modules of Keepwell a piece of it needs, found by reading their imports."""

import ast
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

OWN = "keepwell"


def sources(roots: Iterable[str]) -> dict[str, Path]:
    """Return the files of modules and of all that they import of Keepwell, by module name.

    Imports inside functions count, except in a package's `__init__`: there they are names that are
    loaded when asked for, and whoever needs one imports it from where it is.
    """
    found: dict[str, Path] = {}
    waiting = [part for root in roots for part in _with_parents(root)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = _path(name)
        if path is None:
            continue
        found[name] = path
        waiting += [part for wanted in _imports(path) for part in _with_parents(wanted)]
    return dict(sorted(found.items()))


def strangers(paths: Iterable[Path]) -> set[str]:
    """Return the names of the packages, other than Keepwell, that files import."""
    found: set[str] = set()
    for path in paths:
        for node in _executed(ast.parse(path.read_text()), inside=True):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Import):
                found |= {item.name.partition(".")[0] for item in node.names}
    return found - {OWN}


def renamed(source: str, package: str) -> str:
    """Return a module's source with its imports of Keepwell turned to a package of another name."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and _is_own(node.module):
            at = node.lineno - 1
            lines[at] = lines[at].replace(f"from {OWN}", f"from {package}", 1)
        elif isinstance(node, ast.Import) and any(_is_own(item.name) for item in node.names):
            raise ValueError(f"`import {OWN}…` cannot be renamed; write `from {OWN}… import …`")
    return "".join(lines)


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


@cache
def _path(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # `from package.module import name`: no module of that name
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _imports(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    for node in _executed(tree, inside=path.name != "__init__.py"):
        if isinstance(node, ast.ImportFrom) and node.module and _is_own(node.module):
            yield node.module
            yield from (f"{node.module}.{item.name}" for item in node.names)
        elif isinstance(node, ast.Import):
            yield from (item.name for item in node.names if _is_own(item.name))


def _executed(tree: ast.AST, *, inside: bool) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is used: not those that only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not inside:
            continue
        yield node
        yield from _executed(node, inside=inside)


def _is_own(name: str | None) -> bool:
    return name is not None and (name == OWN or name.startswith(f"{OWN}."))
