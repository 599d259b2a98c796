"""What a process and all that it started take together."""

import contextlib
from dataclasses import dataclass
from typing import Any

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a process and its children took, up to a time.

    Processor time and bytes only grow: the kernel adds those of a child that ended to its parent.

    Attributes:
        cpu_seconds: Processor time so far.
        memory: Bytes now; what a child shares with its parent is counted once.
        read_bytes: Read from disks so far.
        written_bytes: Written to disks so far.
        threads: Threads now.
        pids: The processes.
    """

    cpu_seconds: float = 0.0
    memory: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    threads: int = 0
    pids: tuple[int, ...] = ()


def taken(root: psutil.Process, *, children: bool = True) -> Taken | None:
    """Return what a process took, with all that it started unless said; None if it has ended."""
    try:
        total = _of(root, root=True, ended=children)
        below = root.children(recursive=True) if children else []
    except psutil.Error:
        return None
    for child in below:
        with contextlib.suppress(psutil.Error):  # it ended in between: its parent has its time
            total = _sum(total, _of(child, root=False))
    return total


def _of(process: psutil.Process, *, root: bool, ended: bool = True) -> Taken:
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
        shared = 0 if root else getattr(memory, "shared", 0)
        read = written = 0
        with contextlib.suppress(psutil.Error, AttributeError, OSError):
            counters = process.io_counters()
            read, written = counters.read_bytes, counters.write_bytes
        return Taken(
            cpu_seconds=times.user + times.system + (_of_ended(times) if ended else 0.0),
            memory=max(0, memory.rss - shared),
            read_bytes=read,
            written_bytes=written,
            threads=process.num_threads(),
            pids=(process.pid,),
        )


def _of_ended(times: Any) -> float:
    """Return the processor time of children that have ended."""
    return float(getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0))


def _sum(one: Taken, other: Taken) -> Taken:
    return Taken(
        cpu_seconds=one.cpu_seconds + other.cpu_seconds,
        memory=one.memory + other.memory,
        read_bytes=one.read_bytes + other.read_bytes,
        written_bytes=one.written_bytes + other.written_bytes,
        threads=one.threads + other.threads,
        pids=(*one.pids, *other.pids),
    )
