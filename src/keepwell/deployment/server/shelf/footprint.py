"""What a model takes of a process's memory, and giving it back."""

import contextlib
import ctypes
import gc
import sys
from collections.abc import Callable

import psutil

from keepwell.deployment.scoring.scorer import Scorer


def resident() -> int:
    """Return the bytes of memory that this process has."""
    return int(psutil.Process().memory_info().rss)


def measured(load: Callable[[], Scorer], resident: Callable[[], int]) -> tuple[Scorer, int]:
    """Load a scorer; return it with the bytes by which the process grew.

    The first model of its kind brings libraries along, which stay when it goes: it is then loaded once
    more beside itself, and that growth is what counts.
    """
    modules = len(sys.modules)
    before = resident()
    scorer = load()
    after = resident()
    if len(sys.modules) > modules:
        before = after
        again = load()
        after = resident()
        scorer = again
    return scorer, after - before


def give_back(unloaded: list[Scorer]) -> None:
    """Let go of scorers, and of the memory that they had; the list is empty then."""
    if not unloaded:
        return
    # A compiled scorer is gone with its last reference; other models may refer to themselves.
    tangled = not all(scorer.compiled for scorer in unloaded)
    unloaded.clear()
    if tangled:
        gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc keeps what is freed, unless asked
        ctypes.CDLL(None).malloc_trim(0)
