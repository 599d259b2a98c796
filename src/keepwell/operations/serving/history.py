"""Training's own rows, for monitors: how windows of its history looked, and a sample to tell apart."""

import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnType, DatasetVersion, ModelVersion, Profile, Signal
from keepwell.monitoring.inputs import as_logged
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.live_rows import TIME
from keepwell.operations.elsewhere.past import PAST_FILE, read_past
from keepwell.operations.elsewhere.samples import read_sample

if TYPE_CHECKING:
    from keepwell.monitoring.joint import EmbeddingDrift, JointDrift, TextDrift
    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.monitoring.report import Report

JOINT_EVERY = 600.0
"""Seconds between two trials to tell live rows from training's: each takes a second or two of one core."""

MOST_ROWS = 1_000_000
"""Training data of more rows is not read for this."""

SAMPLE = 2_000

_NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
_KEPT = 4  # versions whose rows stay in memory

logger = logging.getLogger(__name__)


class History:
    """Reads the dataset that a version learnt from, once, and keeps what monitors need of it.

    A version that was brought along, or is served elsewhere, has no dataset here: the rows that it was
    registered with left a sample and, where they have a time, their history in pieces.

    Attributes:
        known: Floors that were learnt, by column: by the digest of a version's profile and the window's size.
        together: The same of all columns together.
        joint_every: Seconds between two trials to tell live rows from training's.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.joint_every = JOINT_EVERY
        self._samples: dict[str, dict[str, Any]] = {}
        self.known: dict[tuple[str, int], dict[str, float]] = {}
        self.together: dict[tuple[str, int], float] = {}
        self._totals: dict[str, int] = {}
        self._joint: dict[str, tuple[float, tuple[Signal, ...]]] = {}

    def floors(self, version: ModelVersion, profile: Profile, rows: int) -> dict[str, float]:
        """Return what windows of about so many rows of training's own history differed by, by column.

        Nothing without `data.time`, or `--time` of a model that is served elsewhere: rows without a time have
        no history, only an order.
        """
        from keepwell.monitoring.detectors.noise import floors_of, learn_floors

        elsewhere = version.bundle.file(PAST_FILE) is not None
        if rows < 1 or not (elsewhere or self._bench.spec.data.time):
            return {}
        key = _key(version, rows)
        size = key[1]
        if key not in self.known:
            self.known[key] = {}
            name = self._bench.spec.monitor.drift
            try:
                if elsewhere:
                    past = read_past(self._bench.blobs, version, profile)
                    self.known[key] = floors_of(past, size, detector_name=name)
                else:
                    history = self._read(version, everything=True)
                    self.known[key] = learn_floors(history, profile, size, detector_name=name)
            except Exception:
                logger.exception("the history of %s cannot be read", version.key)
        return self.known[key]

    def joined(self, report: "Report", version: ModelVersion, log: "PredictionLog") -> "Report":
        """Return the report with what all columns together, and texts, have shown lately."""
        spec = self._bench.spec.monitor
        if spec.drift == "off" or report.rows < spec.min_rows:
            return report
        # The first time is as far off as every other: a server that starts has better things to do.
        at, found = self._joint.setdefault(version.key, (report.time, ()))
        if report.time - at >= self.joint_every:
            try:
                found = tuple(self._compare(report, version, log))
            except Exception:
                logger.exception("the rows of %s cannot be compared", version.key)
                found = ()
            self._joint[version.key] = report.time, found
        signals = sorted((*report.signals, *found), key=lambda signal: -signal.severity)
        return replace(report, signals=tuple(signals))

    def _compare(
        self, report: "Report", version: ModelVersion, log: "PredictionLog"
    ) -> "list[Signal]":
        from keepwell.monitoring.inputs import parse_inputs
        from keepwell.monitoring.joint import compare_embeddings, compare_rows, compare_texts
        from keepwell.monitoring.report import Scope
        from keepwell.monitoring.vectors import read_vectors

        reference = self._sample(version)
        if not reference:
            return []
        scope = Scope(
            endpoint=report.endpoint, version=report.version, since=report.since, until=report.until
        )
        rows = log.window(
            report.endpoint, rows=SAMPLE, since=report.since, version=version.version,
            columns=["inputs"],
        )  # fmt: skip
        fields = [item for item in version.signature.inputs if item.name in reference]
        current = parse_inputs(rows["inputs"], fields).columns
        texts = [item.name for item in fields if item.type is ColumnType.TEXT]
        signals = []
        for name in texts:
            text = compare_texts(name, reference[name], current[name])
            if text is not None and text.drifted:
                signals.append(_told_apart(text, scope, version))
        for item in fields:
            if item.type is ColumnType.EMBEDDING:
                moved = compare_embeddings(
                    item.name,
                    read_vectors(reference[item.name], item.width),
                    read_vectors(current[item.name], item.width),
                    history=self._totals.get(version.key, 0),
                )
                if moved is not None and moved.drifted:
                    signals.append(_told_apart(moved, scope, version))
        plain = [item.name for item in fields if item.type in (*_NUMERIC, ColumnType.CATEGORY)]
        key = _key(version, len(rows))
        joint = compare_rows(
            {name: reference[name] for name in plain},
            {name: current[name] for name in plain},
            floor=self.together.get(key),
            history=self._totals.get(version.key, 0),
        )
        if joint is not None:
            self.together[key] = joint.floor
            alone = any(column.drifted for column in report.columns)
            if (
                joint.drifted and not alone
            ):  # else the columns have said it already, each with its words
                signals.append(_joint_signal(joint, scope))
        return signals

    def _sample(self, version: ModelVersion) -> dict[str, Any]:
        if version.key not in self._samples:
            while len(self._samples) >= _KEPT:
                self._samples.pop(next(iter(self._samples)))
            rows = self._read(version, everything=False)
            self._samples[version.key] = rows
        return self._samples[version.key]

    def _read(self, version: ModelVersion, *, everything: bool) -> dict[str, Any]:
        """Return the inputs of training's rows as monitors read them, by time where there is one."""
        name, _, number = version.dataset.partition("/")
        if not number.isdigit():
            return {} if everything else self._sampled(version)
        dataset = self._bench.datasets.get(name, int(number))
        time = self._bench.spec.data.time
        if time and not _has(
            dataset, time
        ):  # live rows, which a retrained version has seen besides
            if everything:  # their short past is no history; the project's rows are
                dataset = self._bench.datasets.get(self._bench.spec.dataset)
            else:
                time = TIME
        if dataset.rows > MOST_ROWS or (time and not _has(dataset, time)):
            return {}
        fields = {item.name: item for item in version.signature.inputs}
        wanted = [one.name for one in dataset.columns if one.name in fields]
        extra = [time] if time and time not in wanted else []
        rows = self._bench.datasets.read(dataset, [*wanted, *extra])
        table = rows if isinstance(rows, pa.Table) else pa.table(rows)
        if time:
            table = table.sort_by(time)
        self._totals[version.key] = table.num_rows
        if not everything and table.num_rows > SAMPLE:
            places = np.linspace(0, table.num_rows - 1, SAMPLE).astype(np.int64)
            table = table.take(pa.array(places))
        return {one: as_logged(table[one], fields[one].type) for one in wanted}

    def _sampled(self, version: ModelVersion) -> dict[str, Any]:
        """Return some of the rows that a version was registered with."""
        sample = read_sample(self._bench.blobs, version)
        if sample is None:
            return {}
        self._totals[version.key] = sample.drawn_from
        fields = [one for one in version.signature.inputs if one.name in sample.rows.column_names]
        return {one.name: as_logged(sample.rows[one.name], one.type) for one in fields}


def _has(dataset: DatasetVersion, column: str) -> bool:
    return any(one.name == column for one in dataset.columns)


def _key(version: ModelVersion, rows: int) -> tuple[str, int]:
    """Return what floors go by: what the version learnt from, and about how many rows a window has."""
    file = version.bundle.file("profile.json")
    return file.digest if file is not None else version.key, 1 << round(math.log2(max(1, rows)))


def _joint_signal(joint: "JointDrift", scope: Any) -> Signal:
    names = ", ".join(f"`{name}`" for name, _ in joint.columns)
    signal: Signal = scope.signal(
        "joint_drift",
        f"a classifier tells live rows from training's (AUC {joint.effect:.2f}), most of all by {names},"
        " though no column has moved by itself: how they go together has changed",
        value=joint.effect,
        limit=joint.limit,
        severity=2 * joint.effect - 1,
        rows=joint.rows,
    )
    return signal


def _told_apart(text: "TextDrift | EmbeddingDrift", scope: Any, version: ModelVersion) -> Signal:
    from keepwell.monitoring.drift import weight

    signal: Signal = scope.signal(
        "drift",
        f"{text.message} (a classifier tells them apart: AUC {text.effect:.2f})",
        value=text.effect,
        limit=text.limit,
        severity=(2 * text.effect - 1) * weight(text.column, version.importance),
        rows=text.rows,
        column=text.column,
    )
    return signal
