"""A rule in Python: a function of the project's that looks at a `Reading`."""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from keepwell.core.alerting import RuleSpec
from keepwell.core.errors import PluginError
from keepwell.core.records import Hit
from keepwell.operations.alerts.reading import Reading
from keepwell.operations.alerts.rules.base import hit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Calls `FUNCTION(reading)`; it yields sentences, or `Hit`s.

    One that fails is a hit itself: a rule that says nothing because it is broken would be worse.
    """

    spec: RuleSpec
    root: Path

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.spec.name

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield what the function yields."""
        try:
            yield from [self._hit(found, reading) for found in self._function()(reading) or ()]
        except Exception as error:  # noqa: BLE001 (a stranger's code)
            said = (
                error.what if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
            )
            yield replace(
                self._hit(f"the rule '{self.name}' failed: {said}", reading), act="", workers=0
            )

    def _hit(self, found: Any, reading: Reading) -> Hit:
        if isinstance(found, Hit):
            return replace(found, rule=self.name, since=found.since or reading.now)
        subject = self.spec.subject or (
            f"endpoint:{self.spec.endpoint}" if self.spec.endpoint else f"rule:{self.name}"
        )
        return hit_of(self.spec, subject, str(found), value=None, limit=None, since=reading.now)

    def _function(self) -> Callable[[Reading], Iterable[Any]]:
        file, _, name = self.spec.python.partition(":")
        path = (self.root / file).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            raise PluginError(f"there is no file {file} in the project")
        function = _loaded(path, path.stat().st_mtime_ns).get(name)
        if not callable(function):
            raise PluginError(f"{file} has no function '{name}'")
        return function  # type: ignore[no-any-return]  # what it gives is checked where it is used


@lru_cache(maxsize=32)
def _loaded(path: Path, changed: int) -> dict[str, Any]:
    """Return a file's names; `changed` makes a changed file be read again."""
    spec = importlib.util.spec_from_file_location(f"keepwell_rules_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path.name} is not Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)
