"""What a suite is made of."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from keepwell.core.errors import KeepwellError

Law = Callable[[Callable[..., Any]], None]


def laws(suite: ModuleType) -> list[Law]:
    """Return every law of a suite, in the order in which they are written."""
    return [
        item
        for name, item in vars(suite).items()
        if inspect.isfunction(item) and item.__module__ == suite.__name__ and name[0] != "_"
    ]


def named(law: Law) -> str:
    """Return a law's name, to be the test's id."""
    return str(getattr(law, "__name__", law))


@contextlib.contextmanager
def refused(error: type[KeepwellError]) -> Iterator[None]:
    """Hold that the block raises `error`, with something to read in it."""
    said: str | None = None
    try:
        yield
    except error as refusal:
        said = refusal.what
    assert said is not None, f"{error.__name__} was not raised"
    assert said, f"{error.__name__} says nothing"
