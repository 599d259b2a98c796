"""Formulas over columns: read by a grammar of their own, never evaluated as code.

    tree = parse("charges / tenure")     # ("/", ("column", "charges"), ("column", "tenure"))
    columns_of(tree)                     # ("charges", "tenure")

Allowed are numbers, columns (in backticks where the name is no plain word), `+ - * /`, brackets, and the
functions of `FUNCTIONS`. What has no answer (a division by zero, the root of a negative number) is a gap.
"""

import ast
import keyword
import re
from collections.abc import Sequence
from typing import Any

Tree = tuple[Any, ...] | list[Any]

FUNCTIONS = ("abs", "log1p", "sqrt")
_OPERATORS: dict[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_QUOTED = re.compile(r"`([^`]+)`")
_DEEPEST = 20


def parse(text: str) -> Tree:
    """Return a formula as a tree.

    Raises:
        ValueError: If it is none; says what is wrong.
    """
    quoted: list[str] = []

    def plain(found: re.Match[str]) -> str:
        quoted.append(found[1])
        return f" quoted_{len(quoted) - 1}_ "

    try:
        whole = ast.parse(_QUOTED.sub(plain, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"'{text}' is no formula such as a / b") from None
    names = {f"quoted_{number}_": name for number, name in enumerate(quoted)}
    tree = _tree(whole, names, 0)
    if not columns_of(tree):
        raise ValueError(f"'{text}' names no column")
    return tree


def _tree(node: ast.AST, names: dict[str, str], depth: int) -> Tree:
    if depth > _DEEPEST:
        raise ValueError("the formula is nested too deeply")
    if isinstance(node, ast.Name):
        return "column", names.get(node.id, node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        if isinstance(node.value, bool):
            raise ValueError(f"{node.value} is no number")
        return "number", float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        sides = (_tree(side, names, depth + 1) for side in (node.left, node.right))
        return (_OPERATORS[type(node.op)], *sides)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return "-", ("number", 0.0), _tree(node.operand, names, depth + 1)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in FUNCTIONS:
            return name, _tree(node.args[0], names, depth + 1)
    raise ValueError(
        f"a formula holds columns, numbers, + - * / and {', '.join(FUNCTIONS)}; "
        f"this is none of them: {ast.unparse(node):.60}"
    )


def columns_of(tree: Tree) -> tuple[str, ...]:
    """Return the columns of a formula, in the order of their first use."""
    if tree[0] == "column":
        return (tree[1],)
    if tree[0] == "number":
        return ()
    return tuple(dict.fromkeys(name for part in tree[1:] for name in columns_of(part)))


def placed(tree: Tree, columns: Sequence[str]) -> Tree:
    """Return the same formula with positions in place of names."""
    if tree[0] == "column":
        return "column", list(columns).index(tree[1])
    if tree[0] == "number":
        return tree
    return (tree[0], *(placed(part, columns) for part in tree[1:]))


def quoted(name: str) -> str:
    """Return a column's name as a formula has it."""
    plain = name.isidentifier() and name not in FUNCTIONS and not keyword.iskeyword(name)
    return name if plain else f"`{name}`"
