"""What a worker takes on: not more requests than it can see through, none for longer than is allowed."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from keepwell.core.errors import KeepwellError, UsageError
from keepwell.core.spec import LimitsSpec

Result = TypeVar("Result")

_THREADS = 32


class OverloadError(KeepwellError):
    """The worker is busy with as many requests as it may be."""

    headline = "Too many at once"
    http_status = 429


class SlowModelError(KeepwellError):
    """The model did not answer in time."""

    headline = "The model is too slow"
    http_status = 504


class TooManyRowsError(UsageError):
    """The request has more rows than one may have."""

    headline = "Too many rows"
    http_status = 413


class Threads:
    """Runs what may take long beside the event loop, within a time.

    Work cannot be taken away from a thread: one that is too slow goes on, and `stuck` counts it until it
    ends, so that those who admit requests know that it is still there.
    """

    def __init__(self) -> None:
        self.stuck = 0
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="scoring")
        self._apart = ThreadPoolExecutor(_THREADS, thread_name_prefix="cold start")

    async def run(
        self, work: Callable[[], Result], seconds: float, *, apart: bool = False
    ) -> Result:
        """Return the result of work.

        Args:
            work: What to do.
            seconds: How long it may take.
            apart: It has to wait for a model that is being loaded: others must not wait with it.

        Raises:
            TimeoutError: If it is not there in time.
        """
        loop = asyncio.get_running_loop()
        job = (self._apart if apart else self._pool).submit(work)
        waiting = asyncio.wrap_future(job)
        await asyncio.wait({waiting}, timeout=max(0.0, seconds))
        if waiting.done():
            return waiting.result()
        waiting.add_done_callback(_look_at)
        if not job.cancel():
            self.stuck += 1

            def ended(_: "Future[Result]") -> None:
                with contextlib.suppress(RuntimeError):  # the loop ended first
                    loop.call_soon_threadsafe(self._free)

            job.add_done_callback(ended)
        raise TimeoutError

    def _free(self) -> None:
        self.stuck -= 1


def _look_at(late: "asyncio.Future[Any]") -> None:
    """Take the result of what nobody waits for any more, lest its error be reported as forgotten."""
    if not late.cancelled():
        late.exception()


def check_load(busy: int, limits: LimitsSpec) -> None:
    """Refuse a request if the worker has enough to do.

    Raises:
        OverloadError: Says when to come again.
    """
    if busy >= limits.in_flight:
        raise OverloadError(
            f"this worker is busy with {busy} requests",
            why=f"it takes on {limits.in_flight} at a time (serve.limits.in_flight)",
            now="try again in a second; more workers (serve.workers) take on more",
            details={"retry_after": 1, "limit": limits.in_flight},
        )


def check_rows(rows: int, limits: LimitsSpec, fewer: int = 0) -> None:
    """Refuse a request that has too many rows.

    Args:
        rows: How many it has.
        limits: What the project allows.
        fewer: What the endpoint allows for a while, where that is fewer; 0 otherwise.

    Raises:
        TooManyRowsError: Says how many it may have.
    """
    if fewer and limits.rows >= fewer < rows:
        raise TooManyRowsError(
            f"the request has {rows:,} rows",
            why=f"the endpoint is under load, and takes {fewer:,} at a time until that is over",
            now="send fewer rows at a time, or wait",
            details={"limit": fewer},
        )
    if rows > limits.rows:
        raise TooManyRowsError(
            f"the request has {rows:,} rows",
            why=f"it may have {limits.rows:,} (serve.limits.rows)",
            now="send fewer rows at a time, or score a file with `keepwell predict`",
            details={"limit": limits.rows},
        )


def too_slow(model: str, version: int, limits: LimitsSpec, started: float) -> SlowModelError:
    """Return what to say of a model that did not answer in time."""
    return SlowModelError(
        f"version {version} of '{model}' did not answer within {limits.seconds:g} s",
        why=f"an answer may take {limits.seconds:g} s (serve.limits.seconds)",
        now="send fewer rows at a time, allow more time, or roll back to a faster version",
        details={"limit": limits.seconds, "waited": round(time.perf_counter() - started, 3)},
    )
