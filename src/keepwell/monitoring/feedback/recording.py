"""Looks predictions up and writes their outcomes, all that wait in one go."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from keepwell.core.clock import Clock
from keepwell.core.identifiers import is_id
from keepwell.core.ports import TableStore
from keepwell.core.records import Outcome
from keepwell.monitoring.feedback.posted import PostedOutcome, check_outcomes
from keepwell.monitoring.prediction_log.log import PredictionLog
from keepwell.monitoring.prediction_log.scan import SLACK
from keepwell.monitoring.prediction_log.schema import OUTCOMES, outcome_table
from keepwell.monitoring.prediction_log.tidying import Tidier


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackCounts:
    """What became of the posted outcomes."""

    accepted: int = 0
    unknown: int = 0  # there is no such prediction
    duplicate: int = 0  # the prediction has an outcome already


@dataclass(slots=True, kw_only=True)
class _Post:
    """One call of `record`, waiting to be written."""

    endpoint: str
    items: list[PostedOutcome]
    counts: FeedbackCounts | None = None
    error: Exception | None = None


class Feedback:
    """Records outcomes. Safe to use from many threads; what `record` returned from is on the disk.

    Args:
        tables: Where the table `outcomes` is.
        log: Where predictions are looked up.
        clock: Stamps outcomes.
        collect: Brings the newest predictions into the log; called before one is taken for unknown.
    """

    def __init__(
        self,
        tables: TableStore,
        log: PredictionLog,
        clock: Clock,
        *,
        collect: Callable[[], object] | None = None,
    ) -> None:
        self._tables = tables
        self._log = log
        self._clock = clock
        self._collect = collect or (lambda: None)
        self._waiting: list[_Post] = []
        self._entry = threading.Lock()
        self._turn = threading.Lock()
        self._tidier = Tidier(tables, OUTCOMES)

    def record(self, endpoint: str, outcomes: Sequence[Mapping[str, Any]]) -> FeedbackCounts:
        """Keep outcomes and say what became of each.

        Raises:
            InvalidRequestError: If an item is not of the form that the module shows; none is kept then.
        """
        post = _Post(endpoint=endpoint, items=check_outcomes(outcomes))
        with self._entry:
            self._waiting.append(post)
        with self._turn:  # whoever is first writes for all who wait
            if post.counts is None and post.error is None:
                with self._entry:
                    posts, self._waiting = self._waiting, []
                self._write(posts)
        if post.error is not None:
            raise post.error
        return post.counts or FeedbackCounts()

    def _write(self, posts: Sequence[_Post]) -> None:
        try:
            self._resolve_and_write(posts)
        except Exception as error:  # noqa: BLE001 (each of those who wait raises it)
            for post in posts:
                post.error = error

    def _resolve_and_write(self, posts: Sequence[_Post]) -> None:
        now = self._clock.now()
        ids = self._identify(posts, now)
        predictions = self._locate([one for row in ids for one in row if one])
        rows = {one: at for at, one in enumerate(predictions["id"].to_pylist())}
        homes = predictions["endpoint"].to_pylist()
        taken = set(self._log.outcomes(rows.keys()))
        kept: list[Outcome] = []
        for post, identified in zip(posts, ids, strict=True):
            tally = Counter[str]()
            for item, one in zip(post.items, identified, strict=True):
                at = rows.get(one)
                if at is None or homes[at] != post.endpoint:
                    tally["unknown"] += 1
                elif one in taken:
                    tally["duplicate"] += 1
                else:
                    tally["accepted"] += 1
                    taken.add(one)
                    kept.append(
                        Outcome(
                            prediction_id=one,
                            endpoint=post.endpoint,
                            outcome=item.outcome,
                            time=now,
                        )
                    )
            post.counts = FeedbackCounts(**tally)
        if kept:
            of = predictions.take([rows[outcome.prediction_id] for outcome in kept])
            self._tables.write(OUTCOMES, outcome_table(kept, of))
            self._tidier.committed()

    def _identify(self, posts: Sequence[_Post], now: float) -> list[list[str]]:
        """Return the prediction id of each item; empty where a key is not known."""
        end = now + SLACK  # whatever is known when the post is read was predicted before
        by_key: dict[str, set[tuple[str, float]]] = {}
        for post in posts:
            for item in post.items:
                if not item.id:
                    by_key.setdefault(post.endpoint, set()).add((item.key, item.before(end)))
        if by_key:
            self._collect()
        named = self._named(posts)
        latest = {
            endpoint: self._log.latest_of_keys(endpoint, wanted)
            for endpoint, wanted in by_key.items()
        }
        return [
            [
                named.get((post.endpoint, item.id), item.id)
                or latest[post.endpoint].get((item.key, item.before(end)), "")
                for item in post.items
            ]
            for post in posts
        ]

    def _named(self, posts: Sequence[_Post]) -> dict[tuple[str, str], str]:
        """Return the ids of predictions that were made elsewhere and are called by another name there."""
        names: dict[str, set[str]] = {}
        for post in posts:
            for item in post.items:
                if item.id and not is_id(item.id):
                    names.setdefault(post.endpoint, set()).add(item.id)
        return {
            (endpoint, name): found
            for endpoint, wanted in names.items()
            for name, found in self._log.named(endpoint, wanted).items()
        }

    def _locate(self, ids: Sequence[str]) -> pa.Table:
        columns = ["id", "endpoint", "version", "time"]
        found = self._log.locate(ids).select(columns)
        missing = set(ids) - set(found["id"].to_pylist())
        if not missing:
            return found
        self._collect()
        return pa.concat_tables([found, self._log.locate(missing).select(columns)])
