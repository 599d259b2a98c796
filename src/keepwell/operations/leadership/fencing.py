"""Hands that ask before each grip whether they are still the ones to act."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")

_TELLS = "publish"
"""Tells of what was done; nobody acts twice by hearing it twice."""


def fenced(effects: T, check: Callable[[], None]) -> T:
    """Return `effects` whose every verb first calls `check`, which raises where nothing may be done.

    What an effect writes into the record is refused there (`fenced_by`). What it does outside, such as
    starting a process or asking another system, can only be left undone beforehand.
    """
    return cast("T", _Fenced(effects, check))


class _Fenced:
    def __init__(self, effects: object, check: Callable[[], None]) -> None:
        self._effects = effects
        self._check = check

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._effects, name)
        if not callable(found) or name == _TELLS:
            return found

        def checked(*args: Any, **options: Any) -> Any:
            self._check()
            return found(*args, **options)

        return checked
