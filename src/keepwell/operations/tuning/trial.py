"""One setting under load: what it did, and what it took."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import psutil

from keepwell.core.errors import UnavailableError
from keepwell.operations.tuning import client
from keepwell.operations.tuning.client import Heard, Order

if TYPE_CHECKING:
    from keepwell.operations.tuning.plane import Plane

WARM = 0.5
"""Seconds of asking before anything counts."""

_LATE = 60.0  # beyond its seconds, that a client process may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What of the data plane is tried.

    Attributes:
        workers: `serve.workers`.
        in_flight: `serve.limits.in_flight`.
        version: Of the model.
    """

    workers: int
    in_flight: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a setting did under load.

    Attributes:
        settings: The setting.
        kind: `steady`: as many clients as usual; `crowd`: more than it takes on at a time.
        clients: Connections that asked, each again as soon as it was answered.
        per_second: Requests answered.
        p50_ms: Median time of an answer, at the client.
        p99_ms: One in a hundred took longer.
        within: By objective, the share of requests that were answered in time; refused ones were not.
        refused: Share of requests that were asked to come again.
        failed: Requests that broke.
        processors: That the workers filled.
        memory: Bytes that the workers held.
        others: Processors that neither workers nor clients filled meanwhile, but somebody else.
    """

    settings: Settings
    kind: str
    clients: int
    per_second: float
    p50_ms: float
    p99_ms: float
    within: dict[str, float]
    refused: float
    failed: int
    processors: float
    memory: int
    others: float = 0.0


def tried(  # noqa: PLR0913 - who is asked, what, and how
    plane: "Plane",
    settings: Settings,
    path: str,
    bodies: Sequence[str],
    *,
    kind: str,
    clients: int,
    seconds: float,
    limits: dict[str, float],
) -> Trial:
    """Ask a data plane, and return what it did.

    Args:
        plane: Who is asked.
        settings: How it was started.
        path: Of the endpoint.
        bodies: Requests.
        kind: What the load stands for.
        clients: Connections.
        seconds: That count.
        limits: Milliseconds, by objective.

    Raises:
        UnavailableError: If nothing was answered.
    """
    order = Order(
        port=plane.port, path=path, bodies=list(bodies), clients=clients, warm=WARM, seconds=seconds
    )
    before, _ = plane.used()
    machine, begin = _machine(), time.perf_counter()
    heard = _heard(order)
    took_in_all, elapsed = _machine() - machine, time.perf_counter() - begin
    after, memory = plane.used()
    if not heard.answered:
        raise UnavailableError(
            f"workers on trial answered none of the requests of {clients:,} clients in {seconds:g} s",
            why=f"{heard.failed:,} failed, {heard.refused:,} were refused for want of room, "
            f"{len(heard.latencies):,} were answered later",
            now="keepwell predict shows what the endpoint says to a row; --seconds gives more time",
        )
    took = np.asarray(heard.latencies) * 1000
    asked = len(took) + heard.refused + heard.failed
    return Trial(
        settings=settings,
        kind=kind,
        clients=clients,
        per_second=heard.answered / heard.seconds,
        p50_ms=float(np.quantile(took, 0.5)),
        p99_ms=float(np.quantile(took, 0.99)),
        within={name: float((took <= limit).sum()) / asked for name, limit in limits.items()},
        refused=heard.refused / asked,
        failed=heard.failed,
        processors=(after - before) / (heard.seconds + WARM),
        memory=memory,
        others=max(0.0, took_in_all - (after - before)) / elapsed,
    )


def _machine() -> float:
    """Return the processor seconds that this machine was busy for so far, less those of our clients."""
    times, ours = psutil.cpu_times(), os.times()
    busy = times.user + times.system + getattr(times, "nice", 0.0)
    return float(busy) - ours.children_user - ours.children_system


def _heard(order: Order) -> Heard:
    done = subprocess.run(
        [sys.executable, "-P", client.__file__],  # the file alone: no package, no library
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=False,
        timeout=order.warm + order.seconds + _LATE,
    )
    if done.returncode:
        raise UnavailableError(
            "the clients of the trial ended with an error",
            why=done.stderr.strip().rpartition("\n")[2],
            now="try again with fewer: --clients 8",
        )
    return Heard(**json.loads(done.stdout))
