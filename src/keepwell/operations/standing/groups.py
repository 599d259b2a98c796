"""Which groups are watched, how they were treated by period, and where the champion is worst now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import ModelVersion
from keepwell.monitoring.groups import GroupPoint, Watched, measure_groups
from keepwell.monitoring.groups.treatment import MOST_ROWS
from keepwell.monitoring.inputs import parse_inputs
from keepwell.monitoring.labels import Labels, read_numbers

if TYPE_CHECKING:
    from keepwell.core.spec import ProjectSpec
    from keepwell.monitoring.history.periods import Period
    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.operations.build.bench import Bench
    from keepwell.operations.standing.record import Standing

    Counts = Mapping[tuple[float, int], tuple[int, int]]

_COLUMNS = ("time", "prediction", "probabilities", "inputs")
_FEWEST = 100  # outcomes below which no part of them is looked for


def watched(spec: "ProjectSpec") -> tuple[Watched, ...]:
    """Return whose treatment is watched, with the limit where somebody set one."""
    own, gate = spec.monitor.fairness, spec.gate.fairness
    found = {
        column: Watched(column=column, metric=own.metric, max_gap=own.max_gap) for column in own.by
    }
    if not own.by and gate is not None:
        found[gate.by] = Watched(column=gate.by, metric=gate.metric, max_gap=gate.max_gap)
    for column in spec.fairness.columns:
        found.setdefault(column, Watched(column=column, metric=own.metric))
    return tuple(found.values())


class Groups:
    """Measures groups and parts of the rows.

    Args:
        bench: The workspace's parts.
        predictions: The prediction log.
    """

    def __init__(self, bench: "Bench", predictions: "PredictionLog") -> None:
        self._bench = bench
        self._predictions = predictions

    def added(
        self,
        standing: "Standing",
        champion: ModelVersion,
        periods: "Sequence[Period]",
        counts: "Counts",
        before: "Standing | None",
    ) -> "Standing":
        """Return the standing with its groups and slices."""
        columns = watched(self._bench.spec)
        known = {_key(point): point for point in before.groups} if before else {}
        found: list[GroupPoint] = []
        for period in periods if columns else ():
            predictions, outcomes = counts.get((period.since, champion.version), (0, 0))
            if not predictions:
                continue
            least = (min(predictions, MOST_ROWS), min(outcomes, MOST_ROWS))
            keys = [
                (one.column, period.since, period.until, champion.version, *least)
                for one in columns
            ]
            if all(key in known for key in keys):
                found += [known[key] for key in keys]
                continue
            found += self._measured(standing.endpoint, champion, period, columns)
        standing = replace(standing, watched=columns, groups=tuple(found))
        return self._sliced(standing, champion, before)

    def _measured(
        self,
        endpoint: str,
        champion: ModelVersion,
        period: "Period",
        columns: Sequence[Watched],
    ) -> list[GroupPoint]:
        logged, labelled = (
            read(
                endpoint,
                rows=MOST_ROWS,
                since=period.since,
                until=period.until,
                version=champion.version,
                columns=_COLUMNS,
            )
            for read in (self._predictions.window, self._predictions.labelled)
        )
        return [
            measure_groups(
                logged,
                labelled,
                version=champion,
                column=one.column,
                since=period.since,
                until=period.until,
            )
            for one in columns
        ]

    def _sliced(
        self, standing: "Standing", champion: ModelVersion, before: "Standing | None"
    ) -> "Standing":
        """Say where the champion is worse than elsewhere on the newest outcomes."""
        points = standing.of(champion.version)
        known = sum(point.outcomes for point in points)
        signature = champion.signature
        if known < _FEWEST or signature.task.several or not signature.task.supervised:
            return standing
        if before is not None and before.version == champion.version and before.sliced == known:
            return replace(standing, slices=before.slices, sliced=known)
        from keepwell.training.slices import worst_slices

        labelled = self._predictions.labelled(
            standing.endpoint,
            rows=MOST_ROWS,
            since=points[0].since,
            version=champion.version,
            columns=_COLUMNS,
        )
        table, actual, said = _rows(labelled, champion)
        found = worst_slices(table, signature, actual, said, columns=list(champion.importance))
        return replace(standing, slices=found.slices, sliced=known)


def _rows(
    labelled: pa.Table, champion: ModelVersion
) -> tuple[pa.Table, list[object], list[object]]:
    signature = champion.signature
    actual: list[object]
    said: list[object]
    if signature.task.numeric:
        truth, given = read_numbers(labelled["outcome"]), read_numbers(labelled["prediction"])
        kept = pc.and_(pc.is_finite(pa.array(truth)), pc.is_finite(pa.array(given)))
        actual, said = truth.tolist(), given.tolist()
    else:
        labels = Labels(signature.classes)
        actual = [*labels.read(labelled["outcome"])]
        said = [*labels.read(labelled["prediction"])]
        kept = pa.array(
            [a is not None and b is not None for a, b in zip(actual, said, strict=True)]
        )
    rows = labelled.filter(kept)
    flags = kept.to_pylist()
    columns = parse_inputs(rows["inputs"], list(signature.inputs)).columns
    return (
        pa.table(dict(columns)),
        [one for one, flag in zip(actual, flags, strict=True) if flag],
        [one for one, flag in zip(said, flags, strict=True) if flag],
    )


def _key(point: GroupPoint) -> tuple[str, float, float, int, int, int]:
    return (
        point.column, point.since, point.until, point.version, point.predictions, point.outcomes,
    )  # fmt: skip
