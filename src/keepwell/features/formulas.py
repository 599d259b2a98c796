"""Formulas over columns: read by a grammar of their own, never evaluated as code.

    tree = parse("charges / tenure")     # ("/", ("column", "charges"), ("column", "tenure"))
    columns_of(tree)                     # ("charges", "tenure")

Allowed are numbers, columns (in backticks where the name is no plain word), `+ - * /`, brackets, and the
functions of `FUNCTIONS`. What has no answer (a division by zero, the root of a negative number) is a gap.
"""

import ast
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tree = tuple[Any, ...] | list[Any]

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
}
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
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
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
    plain = name.isidentifier() and name not in FUNCTIONS and not _is_word_of_python(name)
    return name if plain else f"`{name}`"


def _is_word_of_python(name: str) -> bool:
    import keyword

    return keyword.iskeyword(name)


def calculate(tree: Tree, values: Sequence[float]) -> float:
    """Return what a formula of positions makes of one row; nan where there is no answer."""
    try:
        return _value(tree, values)
    except (ZeroDivisionError, ValueError, OverflowError):
        return math.nan


def _value(tree: Tree, values: Sequence[float]) -> float:
    kind = tree[0]
    if kind == "column":
        answer = values[tree[1]]
    elif kind == "number":
        answer = tree[1]
    elif len(tree) == 2:  # noqa: PLR2004 - a function and its argument
        answer = FUNCTIONS[kind](_value(tree[1], values))
    else:
        first, second = _value(tree[1], values), _value(tree[2], values)
        if kind == "+":
            answer = first + second
        elif kind == "-":
            answer = first - second
        else:
            answer = first * second if kind == "*" else first / second
    if not math.isfinite(answer):  # a gap anywhere is a gap in the end
        raise ValueError
    return answer


def calculate_all(tree: Tree, matrix: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the same for the rows of a matrix."""
    import numpy as np

    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(_column(tree, matrix), len(matrix)), dtype=np.float64)


def _column(tree: Tree, matrix: "NDArray[np.float64]") -> Any:
    import numpy as np

    kind = tree[0]
    if kind == "column":
        answer: Any = matrix[:, tree[1]]
    elif kind == "number":
        answer = tree[1]
    elif len(tree) == 2:  # noqa: PLR2004 - a function and its argument
        answer = getattr(np, kind)(_column(tree[1], matrix))
    else:
        apply = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[kind]
        answer = apply(_column(tree[1], matrix), _column(tree[2], matrix))
    return np.where(np.isfinite(answer), answer, np.nan)
