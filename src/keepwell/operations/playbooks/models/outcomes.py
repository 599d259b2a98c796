"""The newest rows whose outcome is known and decided: what a champion is refitted to, and proven on.

Rows that the champion may have learnt from are left out: only what was asked since it was made counts. Where
outcomes take long, the youngest rows have only those that came fast, which are not like the others; rows
younger than nine tenths of the outcomes take are left out, too.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from keepwell.core.errors import InvalidDataError, TrainingError
from keepwell.core.records import ModelVersion, Task
from keepwell.operations.build.live_rows import live_table
from keepwell.operations.playbooks.means import Means

MOST = 10_000
FEWEST_FIT, FEWEST_TEST = 100, 50
_TESTED = 0.4  # share of the rows, the newest, on which it is proven
_TASKS = (Task.BINARY, Task.MULTICLASS, Task.REGRESSION, Task.COUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestRows:
    """Rows with outcomes since a version was made, oldest first.

    Attributes:
        table: The version's inputs and target.
        left_out: Younger rows with outcomes that were left out, because others' are still to come.
    """

    table: pa.Table
    left_out: int = 0

    def divided(self) -> tuple[pa.Table, pa.Table]:
        """Return older rows to fit to, and the newest ones to prove it on.

        Raises:
            TrainingError: If there are too few.
        """
        rows = self.table.num_rows
        tested = max(FEWEST_TEST, int(_TESTED * rows))
        if rows - tested < FEWEST_FIT:
            late = (
                f"; {self.left_out:,} younger ones wait for others like them"
                if self.left_out
                else ""
            )
            raise TrainingError(
                f"too few rows with outcomes since the champion was made: {rows:,}",
                why=f"{FEWEST_FIT} are fitted to, and {FEWEST_TEST} others prove it{late}",
                now="post more outcomes, or wait",
                details={"rows": rows, "needed": FEWEST_FIT + FEWEST_TEST},
            )
        return self.table.slice(0, rows - tested), self.table.slice(rows - tested)


def newest_rows(means: Means, endpoint: str, version: ModelVersion) -> NewestRows:
    """Return the newest rows with outcomes that a version has not learnt from.

    Raises:
        InvalidDataError: If an outcome cannot be read.
    """
    means.collect()
    spec, signature = means.bench.spec, version.signature
    logged = means.predictions.labelled(
        endpoint,
        since=version.created,
        rows=MOST,
        columns=["time", "inputs"],
    ).sort_by("time")
    kept = logged.slice(0, 0)
    if logged.num_rows:
        made = logged["time"].to_numpy()
        came = logged["outcome_time"].to_numpy()
        kept = logged.filter(
            pa.array(_ripe(made, came, means.bench.clock.now(), spec.monitor.labels_delay))
        )
    rows = kept.select(["inputs", "outcome"]).to_pylist()
    try:
        table = live_table(rows, signature)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"rows in the log of '{endpoint}' do not fit {version.key}",
            why=f"{type(error).__name__}: {error}"[:300],
            now="look at them: keepwell predictions",
        ) from None
    table = table.filter(table[signature.target].is_valid())
    return NewestRows(table=table, left_out=logged.num_rows - kept.num_rows)


def must_be_measured(version: ModelVersion) -> None:
    """Refuse models that outcomes of single rows say nothing about.

    Raises:
        TrainingError: If it is none that predicts a class or a number.
    """
    if version.signature.task not in _TASKS or version.signature.quantiles:
        kind = "quantiles" if version.signature.quantiles else version.signature.task.value
        raise TrainingError(
            f"{version.key} cannot be refitted to outcomes",
            why=f"it is a model of {kind}; only single classes and numbers are fitted anew",
            now="retrain it: `do: retrain`",
        )


def _ripe(
    made: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    came: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    now: float,
    declared: float,
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Return which rows are old enough that nearly all outcomes of their time have come."""
    from keepwell.monitoring.history.maturity import MATURE, Delays

    delays = Delays.observed(made, came, now)
    wait = delays.quantile(MATURE) if delays.outcomes else None
    return np.asarray(now - made >= (declared if wait is None else wait))
