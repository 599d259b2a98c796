"""The source of Keepwell's own transformers, put into a program that does without Keepwell."""

import ast
import inspect
import sys
from collections.abc import Sequence
from typing import Any

_OWN = "keepwell"


def sources(things: Sequence[Any]) -> tuple[list[str], set[str]]:
    """Return the code of the modules that classes and functions come from, and its imports.

    Modules of ours that they import come first; everything else is imported as they do.
    """
    bodies: list[str] = []
    imports: set[str] = set()
    done: set[str] = set()
    for thing in things:
        _collect(thing.__module__, bodies, imports, done)
    return bodies, imports


def _collect(module: str, bodies: list[str], imports: set[str], done: set[str]) -> None:
    if module in done:
        return
    done.add(module)
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    kept: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _OWN:
            _collect(str(node.module), bodies, imports, done)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports.add(ast.unparse(node))
        elif not _only_for_types(node) and not _is_text(node):
            kept.append(node)
    for part in kept:
        _without_annotations(part)
    bodies.append(ast.unparse(ast.Module(body=kept, type_ignores=[])))


def _only_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _without_annotations(node: ast.stmt) -> None:
    """Take the types of arguments away: they name what is imported for types only."""
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef):
            part.returns = None
            arguments = part.args
            for item in (*arguments.args, *arguments.kwonlyargs, *arguments.posonlyargs):
                item.annotation = None
