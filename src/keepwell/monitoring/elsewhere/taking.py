"""Keeps predictions of models that are served elsewhere, each once by its id, with their outcomes."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError
from keepwell.core.identifiers import is_id
from keepwell.core.ports import TableStore
from keepwell.core.records import Endpoint, ModelVersion
from keepwell.monitoring.elsewhere.posted import Checker, Told, Unusable, wrong
from keepwell.monitoring.feedback import FeedbackCounts
from keepwell.monitoring.prediction_log.log import PredictionLog
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.prediction_log.tidying import Tidier


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An item that was not kept, and why."""

    index: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of the predictions that were handed in.

    Attributes:
        accepted: New in the log.
        duplicate: Known already.
        outcomes: Outcomes that came with them and are new.
        rejected: Not kept.
    """

    accepted: int = 0
    duplicate: int = 0
    outcomes: int = 0
    rejected: tuple[Rejected, ...] = ()


class Elsewhere:
    """Appends predictions that were made elsewhere to the log.

    Safe for many threads; several processes take turns by `alone`. What `take` returned from is on the disk.

    Args:
        tables: Where the table `predictions` is.
        log: Knows which ids are there.
        lookup: Gives a version of a model by number or alias: `Registry.get`.
        clock: Says what lies in the future.
        tell: Records outcomes: `Feedback.record`.
        alone: Makes a lock that is held while ids are compared and rows are written.
        redact: Inputs that are never written.
    """

    def __init__(
        self,
        tables: TableStore,
        log: PredictionLog,
        lookup: Callable[[str, int | str], ModelVersion],
        clock: Clock,
        *,
        tell: Callable[[str, Sequence[Mapping[str, Any]]], FeedbackCounts],
        alone: Callable[[], AbstractContextManager[None]],
        redact: Collection[str] = (),
    ) -> None:
        self._tables = tables
        self._log = log
        self._lookup = lookup
        self._clock = clock
        self._tell = tell
        self._alone = alone
        self._redact = frozenset(redact)
        self._turn = threading.Lock()
        self._tidier = Tidier(tables, PREDICTIONS)

    def take(
        self, endpoint: Endpoint, items: Sequence[Any], *, caller: str = "", partial: bool = False
    ) -> Taken:
        """Keep predictions and say what became of them.

        Args:
            endpoint: Whose; its model is served elsewhere.
            items: See `posted.FIELDS`. One with an `id` is kept once, however often it comes.
            caller: Who hands them in.
            partial: Keep those that can be used although others cannot.

        Raises:
            ConflictError: If the endpoint answers here: its predictions log themselves.
            InvalidRequestError: If an item cannot be used, unless `partial`; none is kept then.
        """
        _must_be_elsewhere(endpoint)
        checker = Checker(
            endpoint, self._lookup, self._clock.now(), caller=caller, redact=self._redact
        )
        told: list[Told] = []
        rejected: list[Rejected] = []
        for at, item in enumerate(items):
            try:
                told.append(checker.check(item))
            except Unusable as reason:
                if not partial:
                    raise wrong(at, str(reason)) from None
                rejected.append(Rejected(index=at, why=str(reason)))
        if not told:
            return Taken(rejected=tuple(rejected))
        with self._turn, self._alone():
            fresh, all_of_them = self._new(endpoint.name, told)
            if fresh:
                rows = prediction_table([one.record for one in fresh])
                self._tables.write(PREDICTIONS, rows, widen=True)
                self._tidier.committed()
        outcomes = [
            {"prediction_id": one.record.id, "outcome": one.outcome}
            for one in all_of_them
            if one.outcome is not None
        ]
        counts = self._tell(endpoint.name, outcomes) if outcomes else FeedbackCounts()
        return Taken(
            accepted=len(fresh),
            duplicate=len(told) - len(fresh),
            outcomes=counts.accepted,
            rejected=tuple(rejected),
        )

    def _new(self, endpoint: str, told: Sequence[Told]) -> tuple[list[Told], list[Told]]:
        """Return those that the log does not have, and all of them with the ids that they have there."""
        ours = {one.own for one in told if is_id(one.own)}
        known = {name: name for name in self._log.locate(ours)["id"].to_pylist()}
        known |= self._log.named(endpoint, {one.own for one in told if one.own} - known.keys())
        fresh, found = [], []
        for one in told:
            here = known.get(one.own) if one.own else None
            if here is not None:
                found.append(replace(one, record=replace(one.record, id=here)))
                continue
            fresh.append(one)
            found.append(one)
            if one.own:
                known[one.own] = one.record.id
        return fresh, found


def _must_be_elsewhere(endpoint: Endpoint) -> None:
    if not endpoint.external:
        raise ConflictError(
            f"the endpoint '{endpoint.name}' answers here",
            why="what it answers is in the prediction log already",
            now="register the model that is served elsewhere under a name of its own:"
            " keepwell monitor register NAME --reference FILE --prediction COLUMN",
        )
