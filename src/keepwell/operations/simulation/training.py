"""Retrainings of a simulated policy: carried out for real, on what was known at that time."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from keepwell.core.errors import KeepwellError
from keepwell.core.progress import Progress
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.challenger import train_challenger
from keepwell.operations.build.retraining_record import RetrainingRecord, results
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult

logger = logging.getLogger(__name__)


class PastTraining:
    """Trains challengers at once; their results show at the next look.

    Args:
        bench: The simulation's parts.
        labelled: Gives the rows with outcomes as they are known, oldest first.
        seconds: That each training may use.
        progress: Hears how it goes.

    Attributes:
        results: What came of each, by key.
    """

    def __init__(
        self,
        bench: Bench,
        labelled: Callable[[], pa.Table],
        seconds: float,
        progress: Progress,
    ) -> None:
        self._bench = bench
        self._labelled = labelled
        self._seconds = seconds
        self._progress = progress
        self._kept = results(bench.metadata)
        self.results: dict[str, RetrainingResult] = {}

    def start(self, retraining: Retraining) -> None:
        """Carry out a retraining, once."""
        if retraining.key in self.results:
            return
        begun = time.perf_counter()
        try:
            result = train_challenger(
                self._bench,
                self._labelled(),
                replace(retraining, budget=self._seconds),
                progress=self._progress,
            )
        except KeepwellError as error:
            result = RetrainingResult(status="failed", error=str(error))
        except Exception as error:
            logger.exception("a simulated retraining failed in an unforeseen way")
            result = RetrainingResult(status="failed", error=repr(error))
        result = replace(result, seconds=time.perf_counter() - begun)
        self.results[retraining.key] = result
        # By this record a policy's limit on training counts what was used.
        self._kept.write(RetrainingRecord(request=retraining, result=result), result.status)

    @property
    def seconds(self) -> float:
        """What all of them took."""
        return sum(result.seconds for result in self.results.values())

    def result(self, key: str) -> RetrainingResult | None:
        """Return what came of a retraining; None if it was never started."""
        return self.results.get(key)


class NoTraining:
    """Trains nothing, so that nothing has a result."""

    def result(self, key: str) -> RetrainingResult | None:
        """Return None: nobody works on it."""
        return None
