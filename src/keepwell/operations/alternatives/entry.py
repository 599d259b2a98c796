"""From words to a contest: versions, rivals, rows and prices."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError, UsageError
from keepwell.core.progress import Progress
from keepwell.core.records import ModelVersion
from keepwell.operations.alternatives.contenders import Contender, open_contender, version_contender
from keepwell.operations.alternatives.contest import Contest, hold_contest
from keepwell.operations.alternatives.pricing import Prices
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.comparison.ground import common_ground, own_test_rows

if TYPE_CHECKING:
    import pyarrow as pa


def run_contest(  # noqa: PLR0913 (who, on what, and within which limits)
    bench: Bench,
    versions: Sequence[ModelVersion],
    rivals: Sequence[str],
    table: "pa.Table | None",
    *,
    limit: int,
    prices: Prices,
    max_latency_ms: float | None,
    max_cost: float | None,
    progress: Progress,
) -> Contest:
    """Ask versions and rivals the same rows.

    Raises:
        InvalidDataError: If there are no rows that none of the versions has learnt from.
    """
    first = versions[0]
    rows = _ground(bench, versions) if table is None else table
    target = first.signature.target
    if target not in rows.column_names:
        raise InvalidDataError(
            f"the rows have no column '{target}'",
            why="what is true has to be known to compare",
            now="add it, or name other rows",
        )
    rows = rows.filter(rows[target].is_valid())
    if rows.num_rows > limit:
        rows = rows.take(np.sort(np.random.default_rng(0).permutation(rows.num_rows)[:limit]))
    contenders: list[Contender] = [
        version_contender(version, open_scorer(bench, version), _effort(bench, version))
        for version in versions
    ]
    contenders += [open_contender(word, first.signature) for word in rivals]
    names = [item.name for item in first.signature.inputs]
    shown = [name for name in names if name in rows.column_names]
    asked = [
        {name: _plain(value) for name, value in row.items()}
        for row in rows.select(shown).to_pylist()
    ]
    return hold_contest(
        contenders,
        first.signature,
        asked,
        rows[target].to_pylist(),
        prices=prices,
        max_latency_ms=max_latency_ms,
        max_cost=max_cost,
        progress=progress,
    )


def _ground(bench: Bench, versions: Sequence[ModelVersion]) -> "pa.Table":
    if len(versions) == 1:
        return own_test_rows(bench, versions[0])
    rows, _ = common_ground(bench, *versions)
    return rows


def _effort(bench: Bench, version: ModelVersion) -> str:
    run = bench.runs.get(version.run)
    took = (
        f"{run.ended - run.started:.0f} s of training" if run.ended else "training time not known"
    )
    file = bench.spec.root / "keepwell.yaml"
    lines = (
        sum(bool(line.strip()) for line in file.read_text().splitlines()) if file.is_file() else 0
    )
    return f"{took}, {lines} lines of configuration"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


def prices_of(stated: Sequence[str], machine: float | None, tokens: str) -> Prices:
    """Read prices as the command line states them.

    Raises:
        UsageError: If one cannot be read.
    """
    try:
        named = {name: float(price) for name, _, price in (word.rpartition("=") for word in stated)}
        pair = [float(word) for word in tokens.split(",")] if tokens else None
        if "" in named or (pair is not None and len(pair) != 2):  # noqa: PLR2004 - in and out
            raise ValueError
    except ValueError:
        raise UsageError(
            f"these prices cannot be read: {' '.join([*stated, tokens]).strip()}",
            why="a price is NAME=NUMBER of a thousand rows; tokens are IN,OUT of a million",
            now="--cost api.example.com=0.80 --token-price 0.15,0.60",
        ) from None
    return Prices(
        stated=named, machine=machine, tokens=None if pair is None else (pair[0], pair[1])
    )
