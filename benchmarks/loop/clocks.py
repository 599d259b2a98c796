"""Trainings measured in seconds of the processor: what others do on the machine changes no result.

And looks without what nobody asks for: the simpler rules do not look at outcomes.
"""

import contextlib
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from keepwell.monitoring import monitor
from keepwell.operations.simulation import training as simulated
from keepwell.training import afterwards
from keepwell.training.search import budget, jobs
from keepwell.training.workers import here


def count_processor_time() -> None:
    """Let budgets of this process's trainings count what they use, instead of what passes meanwhile."""
    ours: Any = SimpleNamespace(
        monotonic=time.process_time, perf_counter=time.process_time, process_time=time.process_time
    )
    budget.Budget.__init__.__defaults__ = (time.process_time,)
    jobs.Workbench.__init__.__defaults__ = (time.process_time,)
    here.HereRunner.__init__.__defaults__ = (time.process_time,)
    afterwards.time = ours
    simulated.time = ours


@contextlib.contextmanager
def without_outcomes() -> Iterator[None]:
    """Let looks leave out how good the answers were, which takes most of their time."""
    measured = monitor._measure_performance
    monitor._measure_performance = lambda *_: None  # type: ignore[assignment]
    try:
        yield
    finally:
        monitor._measure_performance = measured
