"""What a worker says about itself, once a half second, in `run/worker-N.json`."""

import contextlib
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from keepwell.core.errors import FormatError
from keepwell.infrastructure.codec import from_json

BUCKETS_MS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 5000.0)
"""Upper limits of the latency buckets; one more bucket counts what is above."""

NO_VERSION = "0"
"""Stands for "before a version was chosen", where counts are kept by version."""

_SAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestError:
    """One request that was refused or failed."""

    time: float
    endpoint: str
    version: int
    status: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a worker did for one version of one endpoint since it started.

    Attributes:
        rows: Rows answered.
        unlogged: Of them without an entry in the prediction log: left out by policy, or for want of space.
        statuses: Requests by HTTP status.
        latency: Answered requests by latency bucket, see `BUCKETS_MS`.
        latency_sum_ms: Their latencies, added up.
        fallbacks: Requests that the version failed and its fallback answered; not among `statuses`.
    """

    rows: int = 0
    unlogged: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    latency: tuple[int, ...] = (0,) * (len(BUCKETS_MS) + 1)
    latency_sum_ms: float = 0.0
    fallbacks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Models in a worker's memory.

    Attributes:
        loaded: How many there are.
        bytes: What they take, as far as that is measured: where models may be unloaded.
        loads: How often one was loaded, by reason: at the `start` of its service, on `demand`.
        unloads: How often one was unloaded, by reason: `budget`, `idle`, `withdrawn`.
    """

    loaded: int = 0
    bytes: int = 0
    loads: dict[str, int] = field(default_factory=dict)
    unloads: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A worker, as of its last heartbeat.

    Counts start at 0 with the process: whoever adds them up over time tells a fresh start by `started`.

    Attributes:
        index: Which worker, from 0.
        pid: Its process.
        started: When it began, Unix seconds.
        beat: When it said this, Unix seconds.
        generation: The generation of the routing file that it answers by.
        in_flight: Requests being answered.
        rss: Bytes of memory.
        models: Models in its memory.
        traffic: By endpoint, then by version (as text; `0` before a version was chosen).
        errors: The newest refusals and failures.
        problems: What of the routing file it cannot follow, and why.
        pool: The endpoint that it answers alone; empty for all of them.
        draining: Whether it finishes what it was asked, and ends.
    """

    index: int
    pid: int
    started: float
    beat: float
    generation: int = 0
    in_flight: int = 0
    rss: int = 0
    models: Models = field(default_factory=Models)
    traffic: dict[str, dict[str, Traffic]] = field(default_factory=dict)
    errors: tuple[RequestError, ...] = ()
    problems: tuple[str, ...] = ()
    pool: str = ""
    draining: bool = False


class Counters:
    """Counts what a worker does."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._tallies: dict[tuple[str, int], _Tally] = {}
        self._errors: deque[RequestError] = deque(maxlen=_SAMPLES)

    def answered(
        self, endpoint: str, version: int, rows: int, milliseconds: float, *, logged: bool = True
    ) -> None:
        """Count an answered request."""
        tally = self._tally(endpoint, version)
        tally.rows += rows
        if not logged:
            tally.unlogged += rows
        tally.statuses[200] = tally.statuses.get(200, 0) + 1
        tally.latency[bisect_left(BUCKETS_MS, milliseconds)] += 1
        tally.latency_sum_ms += milliseconds

    def refused(self, error: RequestError) -> None:
        """Count a request that was refused or failed."""
        tally = self._tally(error.endpoint, error.version)
        tally.statuses[error.status] = tally.statuses.get(error.status, 0) + 1
        self._errors.append(error)

    def fell_back(self, error: RequestError) -> None:
        """Count a request that a version failed and its fallback answered."""
        self._tally(error.endpoint, error.version).fallbacks += 1
        self._errors.append(error)

    def traffic(self) -> dict[str, dict[str, Traffic]]:
        """Return the counts by endpoint and version."""
        result: dict[str, dict[str, Traffic]] = {}
        for (endpoint, version), tally in self._tallies.items():
            result.setdefault(endpoint, {})[str(version)] = Traffic(
                rows=tally.rows,
                unlogged=tally.unlogged,
                statuses={str(status): count for status, count in tally.statuses.items()},
                latency=tuple(tally.latency),
                latency_sum_ms=tally.latency_sum_ms,
                fallbacks=tally.fallbacks,
            )
        return result

    def errors(self) -> tuple[RequestError, ...]:
        """Return the newest refusals and failures."""
        return tuple(self._errors)

    def _tally(self, endpoint: str, version: int) -> "_Tally":
        tally = self._tallies.get((endpoint, version))
        if tally is None:
            tally = self._tallies[endpoint, version] = _Tally()
        return tally


class _Tally:
    __slots__ = ("fallbacks", "latency", "latency_sum_ms", "rows", "statuses", "unlogged")

    def __init__(self) -> None:
        self.rows = 0
        self.unlogged = 0
        self.statuses: dict[int, int] = {}
        self.latency = [0] * (len(BUCKETS_MS) + 1)
        self.latency_sum_ms = 0.0
        self.fallbacks = 0


def heartbeat_path(home: Path, index: int) -> Path:
    """Return where worker `index` of a workspace beats."""
    return home / "run" / f"worker-{index}.json"


def read_heartbeats(home: Path) -> list[WorkerState]:
    """Return the last heartbeat of every worker that left one, dead ones included, by index."""
    states = []
    for path in (home / "run").glob("worker-*.json"):
        with contextlib.suppress(FileNotFoundError, FormatError):
            states.append(from_json(WorkerState, path.read_bytes()))
    return sorted(states, key=lambda state: state.index)
