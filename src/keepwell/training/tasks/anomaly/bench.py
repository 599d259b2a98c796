"""The jobs of choosing a detector: one learnt from two thirds of the rows, or from all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.features import FeaturesSpec
from keepwell.core.records import Signature
from keepwell.core.spec import DataSpec
from keepwell.features.decoding import Decoder
from keepwell.features.preparation import preparation
from keepwell.tracking.metrics.oddity import Oddities, measure_oddity
from keepwell.training.search.jobs import Bench, Job, Log, Outcome
from keepwell.training.search.store import digest
from keepwell.training.tasks.anomaly.exam import oddity_exam
from keepwell.training.tasks.clustering.exam import dense
from keepwell.training.tasks.comparing import performed

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 3
MOST_ROWS = 20_000  # that detectors are compared on
MADE = "made_auc"  # can be measured whatever the labels say


def learnt_of(rows: int) -> float:
    """Return how many of so many rows a fold learns from."""
    return min(rows, MOST_ROWS) * (1 - 1 / FOLDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What it works with.

    Attributes:
        table: The rows that may be learnt from.
        signature: Their inputs.
        data: Which column holds labels.
        metric: What was asked for.
        contamination: Share of the rows that are odd.
        seed: Of every random choice.
        features: How columns are prepared.
    """

    table: pa.Table
    signature: Signature
    data: DataSpec
    metric: str
    contamination: float
    seed: int
    features: FeaturesSpec

    @property
    def digest(self) -> str:
        """A digest of everything that the outcome of a job depends on."""
        import pandas as pd

        frame = Decoder(self.signature, lenient=True).table(self.table)
        parts: list[NDArray[Any]] = [pd.util.hash_pandas_object(frame, index=False).to_numpy()]
        labels = self.data.labels
        if labels in self.table.column_names:
            parts.append(np.array([repr(one) for one in self.table[labels].to_pylist()]))
        said = (self.metric, self.contamination, self.seed, self.signature, self.features, labels)
        return digest(said, parts)


class DetectorBench:
    """Does jobs; whatever goes wrong is part of the outcome.

    What a fold answers is the metric that was asked for, nan where the labels cannot decide it, and that of
    rows that were made up.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._at = -1  # of one fold only are prepared rows kept
        self._made: tuple[NDArray[np.float64], NDArray[np.float64], Oddities] | None = None

    def perform(
        self,
        job: Job,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        log: Log = lambda step, values: None,
    ) -> Outcome:
        """Do a job. No detector looks at the clock: one that takes too long is ended from outside."""
        detector, number = str(job.candidate.params["detector"]), job.fold
        return performed(
            job,
            lambda: self._last(detector) if number is None else self._fold(detector, number),
        )

    def _fold(self, detector: str, number: int) -> Outcome:
        values, asked, actual = self._of(number)
        odd = np.asarray(self._learnt(detector, values).predict_proba(asked)[:, 1])
        found = measure_oddity(actual, odd, np.arange(len(actual)))
        told = found.get(self._trial.metric, np.nan)
        return Outcome(score=found[MADE], answer=np.array([told, found[MADE]]))

    def _last(self, detector: str) -> Outcome:
        from sklearn.pipeline import Pipeline

        trial = self._trial
        self._at, self._made = -1, None
        prepared = self._prepared()
        frame = Decoder(trial.signature, lenient=True).table(trial.table)
        model = self._learnt(detector, dense(prepared.fit_transform(frame)))
        return Outcome(pipeline=Pipeline([("prepare", prepared), ("model", model)]))

    def _of(self, number: int) -> "tuple[NDArray[np.float64], NDArray[np.float64], Oddities]":
        if self._made is None or number != self._at:
            trial = self._trial
            random = np.random.default_rng(trial.seed)
            order = random.permutation(trial.table.num_rows)[:MOST_ROWS]
            held = np.array_split(order, FOLDS)[number]
            prepared = self._prepared()
            decoder = Decoder(trial.signature, lenient=True)
            rest = trial.table.take(np.setdiff1d(order, held))
            values = dense(prepared.fit_transform(decoder.table(rest)))
            exam = oddity_exam(trial.signature, trial.table.take(held), trial.data)
            asked = dense(prepared.transform(decoder.table(exam.table)))
            self._at, self._made = number, (values, asked, exam.actual)
        return self._made

    def _prepared(self) -> Any:
        trial = self._trial
        return preparation(trial.signature, "linear", features=trial.features, for_distances=True)

    def _learnt(self, detector: str, values: "NDArray[np.float64]") -> Any:
        from keepwell.features.oddity.estimator import Oddity

        share, seed = self._trial.contamination, self._trial.seed
        return Oddity(detector=detector, contamination=share, seed=seed).fit(values)


if TYPE_CHECKING:
    _: type[Bench] = DetectorBench
