"""A data plane on trial: workers of their own, in a folder and on a port of their own, gone afterwards."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from keepwell.core.errors import UnavailableError
from keepwell.core.records import Endpoint
from keepwell.core.spec import ServeSpec
from keepwell.infrastructure.consent import FILE

if TYPE_CHECKING:
    from keepwell.deployment.server import Supervisor
    from keepwell.operations.build.bench import Bench

_START = 60.0  # seconds that workers get to answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Workers that answer on a port of 127.0.0.1."""

    port: int
    supervisor: "Supervisor"

    def used(self) -> tuple[float, int]:
        """Return the processor seconds that the workers took so far, and the bytes that they hold."""
        seconds, memory = 0.0, 0
        for state in self.supervisor.workers():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(state.pid)
                times = process.cpu_times()
                seconds += times.user + times.system
                memory += process.memory_info().rss
        return seconds, memory


@contextlib.contextmanager
def plane_on_trial(
    bench: "Bench", blobs: str, endpoints: Sequence[Endpoint], serve: ServeSpec
) -> Iterator[Plane]:
    """Let workers answer for endpoints as the settings say; the live ones know nothing of it.

    What they log goes into their own folder, and with it.

    Args:
        bench: The workspace's parts.
        blobs: Where models are read from.
        endpoints: What is answered for.
        serve: The settings.

    Raises:
        UnavailableError: If the workers do not answer in time.
    """
    from keepwell.deployment.server import Supervisor, publish_routes

    home = Path(tempfile.mkdtemp(prefix="keepwell-trial-"))
    try:
        if (bench.home / FILE).is_file():  # what the workspace trusts is trusted on trial, too
            shutil.copy(bench.home / FILE, home / FILE)
        generation = publish_routes(
            home,
            [replace(one, rollout="", logs=()) for one in endpoints],
            bench.registry.get,
            blobs=blobs,
            log=serve.log,
            limits=serve.limits,
            memory=serve.memory,
            idle=serve.idle,
        )
        supervisor = Supervisor(home, "127.0.0.1", 0, serve.workers, home / "c.sock")
        supervisor.start()
        try:
            _await(supervisor, generation)
            yield Plane(port=supervisor.port, supervisor=supervisor)
        finally:
            supervisor.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _await(supervisor: "Supervisor", generation: int) -> None:
    begin = time.monotonic()
    if supervisor.wait_for(generation, _START):
        return
    problems = {text for state in supervisor.workers() for text in state.problems}
    raise UnavailableError(
        f"workers on trial did not answer within {time.monotonic() - begin:.0f} s",
        why="; ".join(sorted(problems)) or "the machine may be busy with others",
        now="try again when less is going on",
    )
