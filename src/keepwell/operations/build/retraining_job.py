"""Carries out one retraining, in a process of its own, and records what came of it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from keepwell.core.errors import BusyError, KeepwellError
from keepwell.core.events import acting_as
from keepwell.core.progress import Progress
from keepwell.infrastructure.locks import exclusive
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.challenger import train_challenger
from keepwell.operations.build.retraining_record import RetrainingRecord, lock_of, results
from keepwell.operations.loop.retrainings import RetrainingResult


def work(
    bench: Bench, home: Path, key: str, labelled: Callable[[], pa.Table], progress: Progress
) -> bool:
    """Carry out the retraining `key`; whatever happens is its recorded result.

    Args:
        bench: The workspace's parts.
        home: The workspace's folder.
        key: Of a recorded, unfinished retraining.
        labelled: Gives the endpoint's predictions with outcomes, oldest first.
        progress: Hears how it goes.

    Returns:
        Whether a candidate was registered.
    """
    records = results(bench.metadata)
    try:
        with exclusive(lock_of(home, key), f"retraining {key}", timeout=0), acting_as("loop"):
            request, began = records.read(key).request, time.monotonic()

            def settle(result: RetrainingResult, verb: str) -> None:
                timed = replace(result, seconds=time.monotonic() - began)
                records.write(
                    RetrainingRecord(request=request, result=timed), verb, why=result.error
                )

            try:
                result = train_challenger(bench, labelled(), request, progress=progress)
            except KeepwellError as error:
                settle(RetrainingResult(status="failed", error=str(error)), "failed")
                return False
            except Exception as error:
                settle(RetrainingResult(status="failed", error=repr(error)), "failed")
                raise
            settle(result, "finished")
            return True
    except BusyError:
        return False  # another process works on it already
