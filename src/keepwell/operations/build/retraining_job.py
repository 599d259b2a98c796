"""Carries out one retraining, in a process of its own, and records what came of it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from keepwell.core.errors import BusyError, KeepwellError, LostLeaseError
from keepwell.core.events import acting_as
from keepwell.core.progress import Progress
from keepwell.infrastructure.endings import NO_ROOM, wants_room
from keepwell.infrastructure.locks import exclusive
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.challenger import train_challenger
from keepwell.operations.build.retraining_record import RetrainingRecord, lock_of, results
from keepwell.operations.loop.retrainings import RetrainingResult


def work(
    bench: Bench,
    home: Path,
    key: str,
    labelled: Callable[[], pa.Table],
    progress: Progress,
    entrusted: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> bool:
    """Carry out the retraining `key`; whatever happens is its recorded result.

    Args:
        bench: The workspace's parts.
        home: The workspace's folder.
        key: Of a recorded, unfinished retraining.
        labelled: Gives the endpoint's predictions with outcomes, oldest first.
        progress: Hears how it goes.
        entrusted: Sees to it that no other machine works on it at the same time.

    Returns:
        Whether a candidate was registered.
    """
    records = results(bench.metadata)
    try:
        with (
            exclusive(lock_of(home, key), f"retraining {key}", timeout=0),
            acting_as("loop"),
            entrusted(),
        ):
            request, began = records.read(key).request, time.monotonic()

            def settle(result: RetrainingResult, verb: str) -> None:
                timed = replace(result, seconds=time.monotonic() - began)
                try:
                    records.write(
                        RetrainingRecord(request=request, result=timed), verb, why=result.error
                    )
                except KeepwellError as error:
                    if wants_room(error):
                        raise SystemExit(NO_ROOM) from error
                    raise

            try:
                result = train_challenger(bench, labelled(), request, progress=progress)
            except LostLeaseError:
                raise  # another process works on it: what comes of it is for that one to say
            except KeepwellError as error:
                settle(RetrainingResult(status="failed", error=str(error)), "failed")
                bury(bench, request.id, str(error))
                return False
            except Exception as error:
                settle(RetrainingResult(status="failed", error=_said(error)), "failed")
                bury(bench, request.id, _said(error))
                raise
            settle(result, "finished")
            return True
    except BusyError:
        return False  # another process works on it already


def _said(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"it ran out of memory ({str(error) or 'no more could be had'})"
    if wants_room(error):
        return f"the disk has no room: {error}"
    return repr(error)


def bury(bench: Bench, identifier: str, error: str = "") -> None:
    """End runs of a retraining that say they run: with its error, or as killed where it left none."""
    for run in bench.runs.find(bench.spec.name, kind="retrain"):
        if run.status == "running" and run.tags.get("retraining") == identifier:
            told = error or "its process ended before it was done"
            bench.runs.fail(run.id, told, killed=not error)
