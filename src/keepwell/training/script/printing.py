"""An estimator as the code that makes it.

>>> from sklearn.linear_model import Ridge
>>> printed = Printed()
>>> printed.code(Ridge(alpha=2.0))
'Ridge(alpha=2.0)'
>>> sorted(printed.imports)
[('sklearn.linear_model', 'Ridge')]
"""

import inspect
import sys
import textwrap
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from keepwell.training.script.bending import Bent, curves_of, is_bent

_WIDTH = 88
_STEP = "    "
_OWN = "keepwell"


class Printed:
    """Writes values as Python code, and remembers what that code needs.

    Args:
        told: By the identity of an estimator, the method that it is fitted by, where that is not its own.

    Attributes:
        imports: Module and name of each class and function from elsewhere.
        own: Classes and functions of Keepwell's own, whose source must come along.
        classes: Code of the classes that such estimators are made of, by name.
    """

    def __init__(self, told: Mapping[int, str] | None = None) -> None:
        self._told = told or {}
        self.imports: set[tuple[str, str]] = set()
        self.own: list[Any] = []
        self.classes: dict[str, str] = {}

    def code(self, value: Any, indent: str = "") -> str:
        """Return the code of a value; a line longer than the page is broken after each argument."""
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not np.isfinite(value):
            return f'float("{value}")'
        if value is None or isinstance(value, bool | int | float | str | bytes | slice):
            return repr(value)
        if isinstance(value, np.ndarray):
            self.imports.add(("numpy", ""))
            return f"np.array({self.code(value.tolist(), indent)})"
        if isinstance(value, Mapping):
            return self._mapping(value, indent)
        if isinstance(value, list | tuple | set | frozenset):
            return self._listed(value, indent)
        if inspect.isclass(value) or inspect.isfunction(value) or isinstance(value, np.ufunc):
            return self._named(value)
        return self._made(value, indent)

    def _mapping(self, value: Mapping[Any, Any], indent: str) -> str:
        inner = indent + _STEP
        items = [f"{self.code(key)}: {self.code(item, inner)}" for key, item in value.items()]
        return _laid_out("{", items, "}", indent)

    def _listed(self, value: Any, indent: str) -> str:
        items = [self.code(item, indent + _STEP) for item in value]
        if isinstance(value, list):
            return _laid_out("[", items, "]", indent)
        if isinstance(value, tuple):
            return _laid_out("(", items, ",)" if len(items) == 1 else ")", indent)
        if not items:
            return f"{type(value).__name__}()"
        braces = _laid_out("{", items, "}", indent)
        return f"frozenset({braces})" if isinstance(value, frozenset) else braces

    def _made(self, value: Any, indent: str) -> str:
        if is_bent(value):
            given = {"estimator": value.estimator.estimator, "curves": curves_of(value)}
            inner = indent + _STEP
            words = [f"{name}={self.code(item, inner)}" for name, item in given.items()]
            return _laid_out(f"{self._named(Bent)}(", words, ")", indent)
        if not hasattr(value, "get_params"):
            raise TypeError(f"a {type(value).__name__} cannot be written as code")
        usual = _defaults(type(value))
        inner = indent + _STEP
        given = value.get_params(deep=False)
        if "iterations" in given and getattr(value, "tree_count_", None):
            given["iterations"] = int(value.tree_count_)  # CatBoost; a fit cut short made fewer
        words = [
            f"{name}={self.code(item, inner)}"
            for name, item in given.items()
            if name not in usual or not _same(item, usual[name])
        ]
        name = self._named(type(value))
        if method := self._told.get(id(value)):
            name = self._class_told(name, method)
        return _laid_out(f"{name}(", words, ")", indent)

    def _class_told(self, name: str, method: str) -> str:
        """Return the name of a class that is fitted so by itself: a vote clones its members."""
        made = f"({name}):\n{textwrap.indent(method, _STEP)}"
        if "StandardScaler" in method:
            self.imports.add(("sklearn.preprocessing", "StandardScaler"))
        for known, code in self.classes.items():
            if code.removeprefix(f"class {known}") == made:
                return known
        number = len(self.classes) + 1
        mine = f"Told{name}{number if number > 1 else ''}"
        self.classes[mine] = f"class {mine}{made}"
        return mine

    def _named(self, thing: Any) -> str:
        name = str(thing.__name__)
        module = str(getattr(thing, "__module__", "numpy"))
        if module.partition(".")[0] == _OWN:
            if thing not in self.own:
                self.own.append(thing)
            return name
        self.imports.add((_public(module, name, thing), name))
        return name


def _laid_out(opened: str, items: list[str], closed: str, indent: str) -> str:
    line = opened + ", ".join(items) + closed
    if len(indent) + len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = indent + _STEP
    end = closed.lstrip(",")
    return f"{opened}\n" + "".join(f"{inner}{item},\n" for item in items) + indent + end


def _defaults(kind: Any) -> dict[str, Any]:
    """Return the defaults of a class's arguments; empty where it takes any."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {item.name: item.default for item in parameters if item.default is not item.empty}


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def _public(module: str, name: str, thing: Any) -> str:
    """Return the shortest module that offers the thing: `sklearn.compose`, not `…._column_transformer`."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        prefix = ".".join(parts[:length])
        found = sys.modules.get(prefix) or import_module(prefix)
        if getattr(found, name, None) is thing:
            return prefix
    return module
