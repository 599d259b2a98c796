"""Who answers which logged row: an endpoint's switches and shares, as its workers follow them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from keepwell.core.records import Endpoint
from keepwell.deployment.flags.expressions import Condition
from keepwell.deployment.flags.parsing import parse
from keepwell.deployment.flags.steps import read_fallback
from keepwell.deployment.routing import Split
from keepwell.infrastructure.logged_rows import MARK

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Who answers some rows.

    Attributes:
        version: The version; 0 where no model is asked.
        role: In which role: `champion`, `challenger`, `rule`, `fallback`.
        value: The answer itself, where no model is asked.
    """

    version: int
    role: str
    value: Any = None


Assigned = tuple[Answerer, "NDArray[np.int64]"]


def assigned(rows: pa.Table, endpoint: Endpoint, known: Collection[int]) -> Iterator[Assigned]:
    """Yield who answers, and the positions of the rows; rows that nobody answers are in none.

    Args:
        rows: As they are logged.
        endpoint: Who is asked.
        known: Versions that there are: a rule that leads to another one holds for no row.
    """
    left = np.arange(rows.num_rows)
    shown = _Shown(rows, endpoint.key)
    if endpoint.flags.killed:
        yield from _fallback(endpoint, shown, left)
        return
    for rule in endpoint.flags.rules:
        if rule.version in known:
            mine = shown.where(parse(rule.when), left)
            yield Answerer(version=rule.version, role="rule"), left[mine]
            left = left[~mine]
    picked = _picked(rows.take(left), endpoint)
    for position in np.unique(picked):
        route = endpoint.routes[int(position)]
        yield Answerer(version=route.version, role=route.role), left[picked == position]


def _fallback(endpoint: Endpoint, shown: "_Shown", left: "NDArray[np.int64]") -> Iterator[Assigned]:
    for text in endpoint.flags.fallback:
        step = read_fallback(text, previous=endpoint.previous)
        if step.text == "previous" and not step.version:
            continue
        who = Answerer(version=step.version, role="fallback", value=step.value)
        if step.when is None:
            yield who, left
            return
        mine = shown.where(step.when, left)
        yield who, left[mine]
        left = left[~mine]


class _Shown:
    """Logged rows as conditions see them: what was sent, with the key."""

    def __init__(self, rows: pa.Table, key: str) -> None:
        self._rows = rows
        self._key = key
        self._read: list[dict[str, Any]] | None = None

    def where(self, condition: Condition, at: "NDArray[np.int64]") -> "NDArray[np.bool_]":
        """Return of which of the rows at some positions a condition holds."""
        if self._read is None:
            pairs = zip(
                self._rows["inputs"].to_pylist(), self._rows["key"].to_pylist(), strict=True
            )
            self._read = [self._row(msgspec.json.decode(sent), key) for sent, key in pairs]
        return np.asarray([condition.holds(self._read[one]) for one in at.tolist()], dtype=bool)

    def _row(self, sent: dict[str, Any], key: str | None) -> dict[str, Any]:
        sent.pop(MARK, None)
        names = (self._key, "key") if self._key else ()
        return {**dict.fromkeys(names, key or None), **sent}


def _picked(rows: pa.Table, endpoint: Endpoint) -> "NDArray[np.int64]":
    """Return the position of the route that answers each row."""
    split = Split(endpoint.name, endpoint.routes)
    if split.whole is not None:
        return np.full(rows.num_rows, split.whole, dtype=np.int64)
    keys = zip(rows["key"].to_pylist(), rows["request"].to_pylist(), strict=True)
    return np.asarray([split.pick(key or request) for key, request in keys], dtype=np.int64)
