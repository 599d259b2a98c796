"""One inference worker: `python -m keepwell.deployment.server.worker`, started by the supervisor process.

It answers on a listening socket that it inherits, or, if it is of the pool of one endpoint, on one of its
own. It follows the routing file, and says how it is in its
heartbeat. It ends when told to (SIGTERM) or when the supervisor process is gone (its end of a pipe
closes): it stops accepting, finishes what is in flight, and leaves.
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

import psutil

from keepwell.core.errors import KeepwellError
from keepwell.deployment.server.admission.meters import Meters
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters, Models, WorkerState, heartbeat_path
from keepwell.deployment.server.listening import BACKLOG
from keepwell.deployment.server.plane import Plane
from keepwell.deployment.server.plane.acceptance import Shares
from keepwell.deployment.server.pools.files import connections_path, socket_path
from keepwell.deployment.server.pools.handing import Pools
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.routes import read_routes, routes_path
from keepwell.deployment.server.shelf import Shelf
from keepwell.deployment.server.snapshot import load_snapshot
from keepwell.deployment.tracing.requests import StageLog
from keepwell.features.windows.store import WindowStore, windows_path
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.codec import to_json
from keepwell.infrastructure.consent import look_in
from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.segments import SegmentWriter

LOOK_EVERY = 0.1  # seconds between two looks at the routing file
BEAT_EVERY = 0.5
SWEEP_EVERY = 0.5  # … at models that nobody asks
RETRY_EVERY = 5.0  # … when a version could not be loaded
DRAIN_SECONDS = 10

_logger = logging.getLogger(__name__)


class Worker:
    """Everything that one worker process does.

    Args:
        home: The workspace's folder.
        index: Which worker it is.
        listener: The listening socket; None for a worker of a pool.
        control: Unix socket of the control process.
        lifeline: Descriptor that reaches its end when the supervisor process is gone.
        pool: The endpoint that it answers alone; empty for all.
    """

    def __init__(
        self,
        home: Path,
        index: int,
        listener: socket.socket | None,
        control: Path,
        lifeline: int,
        *,
        pool: str = "",
    ) -> None:
        self._home = home
        look_in(home)
        self._index = index
        self._listener = listener
        self._control = control
        self._lifeline = lifeline
        self._pool = pool
        self._pools = None if pool else Pools(home, control)
        self._draining = False
        self._started = time.time()
        self._counters = Counters()
        self._meters = Meters(home / "serving" / "meters")
        self._shelf = Shelf()
        self._windows = WindowStore(windows_path(home))
        self._process = psutil.Process()
        self._seen: tuple[int, int] | None = None
        self._retry_at = 0.0

    async def run(self) -> None:
        """Serve until told to stop."""
        closing = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, closing.set)
        loop.add_reader(self._lifeline, closing.set)
        writer = SegmentWriter.claim(self._home / "serving" / "segments", f"worker-{self._index}")
        stage_log = StageLog(self._home / "serving" / "outbox")
        self._predictor = Predictor(writer, self._counters, stage_log)
        await self._follow()
        shares = None if self._pool else Shares(connections_path(self._home), self._index)
        self._beat()
        gc.collect()
        if not self._shelf.active:
            # What is loaded now stays: no request waits while it is searched for garbage.
            gc.freeze()
        application = Application(self._predictor, Proxy(self._control, closing))
        plane = Plane(application, pools=self._pools)
        chores = [
            asyncio.create_task(chore)
            for chore in (self._keep_following(), self._keep_beating(), self._keep_sweeping())
        ]
        own = socket_path(self._control, self._index)
        await plane.open(self._listener or _listen_at(own), shares)
        try:
            await closing.wait()
        finally:
            loop.remove_reader(self._lifeline)
            if self._listener is None:
                own.unlink(missing_ok=True)  # who has a request asks another
            self._draining = True
            self._beat()
            await plane.close(DRAIN_SECONDS)
            if self._pools is not None:
                self._pools.close()
            for task in chores:
                task.cancel()
            self._beat()
            writer.close()
            stage_log.close()
            self._windows.close()

    @property
    def stuck(self) -> int:
        """How many threads still score what nobody waits for."""
        return self._predictor.threads.stuck

    async def _keep_following(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self._pools is not None:
                self._pools.follow()
            try:
                await self._follow()
            except (OSError, KeepwellError):
                _logger.exception("the routing file cannot be followed")

    async def _follow(self) -> None:
        """Answer by the newest routing file, once its versions are loaded."""
        path = routes_path(self._home)
        try:
            stat = path.stat()
        except FileNotFoundError:
            return
        mark = (stat.st_mtime_ns, stat.st_ino)
        present = self._predictor.snapshot
        if mark == self._seen and not (present.problems and time.monotonic() > self._retry_at):
            return
        self._seen, self._retry_at = mark, time.monotonic() + RETRY_EVERY
        routes = await asyncio.to_thread(read_routes, self._home)
        if self._pool:
            alone = tuple(one for one in routes.endpoints if one.name == self._pool)
            routes = replace(routes, endpoints=alone)
        blobs = await asyncio.to_thread(open_blobs, routes.blobs)
        fresh = await asyncio.to_thread(
            load_snapshot, routes, present, blobs.read, self._meters, self._shelf, self._windows
        )
        self._predictor.snapshot = fresh
        if self._shelf.active:
            gc.unfreeze()  # what may go must be found when it is garbage
        self._beat()

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            if self._shelf.idle is not None:
                await asyncio.to_thread(self._shelf.sweep)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY)
            self._beat()

    def _beat(self) -> None:
        snapshot = self._predictor.snapshot
        state = WorkerState(
            index=self._index,
            pid=os.getpid(),
            started=self._started,
            beat=time.time(),
            generation=snapshot.generation,
            in_flight=self._counters.in_flight,
            rss=self._process.memory_info().rss,
            models=self._models(),
            traffic=self._counters.traffic(),
            errors=self._counters.errors(),
            problems=snapshot.problems,
            pool=self._pool,
            draining=self._draining,
        )
        try:
            write_atomic(heartbeat_path(self._home, self._index), to_json(state), durable=False)
        except KeepwellError:
            _logger.exception("the heartbeat cannot be written")

    def _models(self) -> Models:
        """Return what is in memory; where nothing is ever unloaded, that is all."""
        if self._shelf.active:
            return self._shelf.models()
        endpoints = self._predictor.snapshot.endpoints.values()
        served = {id(route.scorer) for endpoint in endpoints for route in endpoint.served}
        return Models(loaded=len(served))


def _listen_at(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # left by one that was killed
    opened = socket.socket(socket.AF_UNIX)
    opened.bind(str(path))
    path.chmod(0o600)
    opened.listen(BACKLOG)
    return opened


def main() -> None:
    """Run a worker until it is told to stop."""
    parser = argparse.ArgumentParser(description="An inference worker; started by the supervisor.")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--index", type=int, required=True)
    parser.add_argument("--listener", type=int, help="none: it listens at a socket of its own")
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--pool", default="", help="the one endpoint that it answers; all if empty")
    parser.add_argument("--control", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    import uvloop

    worker = Worker(
        given.home,
        given.index,
        None if given.listener is None else socket.socket(fileno=given.listener),
        given.control,
        given.lifeline,
        pool=given.pool,
    )
    uvloop.run(worker.run())
    if worker.stuck:  # a thread that scores for ever must not keep the process
        os._exit(0)


if __name__ == "__main__":
    main()
