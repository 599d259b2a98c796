"""Concept drift as a look sees it: from the log's outcomes to a change and a signal."""

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from keepwell.core.records import ModelVersion, Signal
from keepwell.core.spec import MonitorSpec
from keepwell.features.label_sets import delimiter_of, labels_of
from keepwell.monitoring.concept.change import find_change
from keepwell.monitoring.drift import OFF
from keepwell.monitoring.inputs import as_scored, parse_inputs
from keepwell.monitoring.labels import Labels, read_numbers
from keepwell.monitoring.prediction_log.log import PredictionLog
from keepwell.monitoring.report import Change, Scope
from keepwell.monitoring.sketches.watched import Watched
from keepwell.monitoring.words import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 5_000
"""The newest so many outcomes are searched for a change …"""

HISTORY = 7 * 86400.0
"""… of predictions not older than this many seconds."""

_COLUMNS = ["time", "inputs", "prediction", "probabilities"]


def watch_concept(
    log: PredictionLog, endpoint: str, watched: Watched, spec: MonitorSpec, now: float
) -> Change | None:
    """Return how errors changed among the newest outcomes; None if they did not rise, or too few came."""
    version = watched.version
    if spec.concept == OFF or not version.signature.task.supervised:
        return None
    labelled = log.labelled(
        endpoint,
        rows=MOST_ROWS,
        since=now - HISTORY,
        version=version.version,
        columns=_COLUMNS,
    )
    if labelled.num_rows < 2 * spec.min_rows:
        return None
    losses = losses_of(labelled, version)
    readable = np.isfinite(losses)
    documents = labelled["inputs"].filter(pa.array(readable))
    return find_change(
        losses[readable],
        parse_inputs(as_scored(documents), watched.fields).columns,
        min_rows=spec.min_rows,
        detector=spec.concept,
    )


def concept_signals(change: Change | None, scope: Scope) -> list[Signal]:
    """Return a signal of the kind `concept_drift`, if the relation has changed."""
    if change is None or not change.certain:
        return []
    where = f", most where {change.where}" if change.where else ""
    return [
        scope.signal(
            "concept_drift",
            f"on equal inputs the error rose by {number(change.rise)}, from {number(change.before)}{where}:"
            " the relation between inputs and outcome has changed",
            value=change.rise,
            limit=change.limit,
            severity=change.rise / max(change.before, 1e-12),
            rows=change.rows,
        )
    ]


def losses_of(labelled: pa.Table, version: ModelVersion) -> "NDArray[np.float64]":
    """Return the error of each row with an outcome, nan where the outcome cannot be read.

    Of a number its absolute error; of a class the probability that was given to all others, or 1 for a
    wrong answer without probabilities; of a list 1 unless it holds the right labels.
    """
    task, classes = version.signature.task, version.signature.classes
    if task.numeric:
        gaps = read_numbers(labelled["outcome"]) - read_numbers(labelled["prediction"])
        return np.abs(gaps)
    if task.several:
        return _of_lists(labelled)
    labels = Labels(classes)
    actual, said = labels.read(labelled["outcome"]), labels.read(labelled["prediction"])
    places = {label: place for place, label in enumerate(classes)}
    chances = labelled["probabilities"].to_pylist()
    return np.asarray(
        [
            np.nan
            if true is None
            else 1 - given[places[true]]
            if given and len(given) == len(classes)
            else float(answer != true)
            for true, answer, given in zip(actual, said, chances, strict=True)
        ],
        dtype=np.float64,
    )


def _of_lists(labelled: pa.Table) -> "NDArray[np.float64]":
    told = [json.loads(one) for one in labelled["outcome"].to_pylist()]
    said = [json.loads(one) for one in labelled["prediction"].to_pylist()]
    delimiter = delimiter_of(told)
    pairs = [(labels_of(one, delimiter), given) for one, given in zip(told, said, strict=True)]
    return np.asarray(
        [np.nan if true is None else float(set(true) != set(given)) for true, given in pairs],
        dtype=np.float64,
    )
