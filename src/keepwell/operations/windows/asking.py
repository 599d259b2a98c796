"""Rows that come through no endpoint, completed by what happened before; they are no events themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepwell.core.records import ModelVersion, Signature
from keepwell.features.windows import Completer, WindowStore
from keepwell.operations.windows.keeping import store_of

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.core.clock import Clock
    from keepwell.deployment.scoring import Scorer, Scores


class CompletingScorer:
    """A scorer of rows that lack what is calculated from earlier ones; the rows that it answers are events.

    Args:
        scorer: Answers.
        store: What happened before.
        clock: Dates rows that do not say when they happened.
    """

    def __init__(self, scorer: "Scorer", store: WindowStore, clock: "Clock") -> None:
        self.signature = scorer.signature
        self._scorer = scorer
        self._completer = Completer.of([scorer.signature], store)
        self._clock = clock

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> "Scores":
        """Complete rows, answer them, and keep them.

        Raises:
            KeepwellError: Whatever the scorer or `Completer.complete` raises.
        """
        if self._completer is None:
            return self._scorer.rows(instances)
        rows, now = [dict(row) for row in instances], self._clock.now()
        events = self._completer.complete(rows, now)
        self._completer.strip(rows)
        scores = self._scorer.rows(rows)
        self._completer.keep(events, now)
        return scores


def completed_table(
    signature: Signature, store: WindowStore, rows: "pa.Table", now: float
) -> "pa.Table":
    """Return the inputs of a table of rows, each completed by what was kept; they do not see each other.

    Args:
        signature: Of the version that reads them.
        store: What happened before.
        rows: Has what its inputs are calculated from, or those inputs themselves.
        now: Unix seconds: when rows happen that do not say so.

    Raises:
        KeepwellError: Whatever `Completer.complete` raises.
    """
    import pyarrow as pa

    completer = Completer.of([signature], store)
    lacking = (
        []
        if completer is None
        else [one for one in completer.windows if one not in rows.column_names]
    )
    if completer is None or not lacking:
        return rows
    names = [item.name for item in signature.known if item.name in rows.column_names]
    instances = rows.select(names).to_pylist()
    completer.complete(instances, now, together=False)
    for name in lacking:
        rows = rows.append_column(name, pa.array([row[name] for row in instances], pa.float64()))
    return rows.select([item.name for item in signature.inputs if item.name in rows.column_names])


def completed(
    home: Path, model: ModelVersion, instances: Sequence[Mapping[str, Any]], now: float
) -> Sequence[Mapping[str, Any]]:
    """Return rows with the inputs that a request need not hold.

    Args:
        home: The workspace's folder.
        model: Who is asked.
        instances: The rows.
        now: Unix seconds: when rows happen that do not say so.

    Raises:
        KeepwellError: Whatever `Completer.complete` raises.
    """
    if model.signature.history is None:
        return instances
    rows = [dict(row) for row in instances]
    store = store_of(home)
    try:
        completer = Completer.of([model.signature], store)
        if completer is not None:
            completer.complete(rows, now)
            completer.strip(rows)
    finally:
        store.close()
    return rows
