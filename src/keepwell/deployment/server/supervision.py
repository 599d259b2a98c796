"""The supervisor process: owns the listening socket, keeps as many workers alive as it is told to.

`python -m keepwell.deployment.server.supervision`, started by `Supervisor.start`. It imports little, so
that there is little in it that can fail.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from keepwell.deployment.server.heartbeat import heartbeat_path
from keepwell.deployment.server.places import GATEWAY, Place, rearranged, roster_of
from keepwell.deployment.server.pools.files import (
    Wish,
    connections_path,
    forget_worker,
    mark_of,
    read_wish,
    wish_path,
    write_roster,
)

DRAIN_SECONDS = 15.0  # a little more than a worker gives its requests
_LOOK_EVERY = 0.05
_RETRY_EVERY = 1.0
_HEALTHY = 30.0  # a worker that lived so long has its earlier crashes forgiven
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(slots=True, kw_only=True)
class Supervision:
    """Keeps workers in their places until it is told to stop."""

    home: Path
    listener: int
    control: Path
    places: list[Place] = field(default_factory=list)
    left: list[Place] = field(default_factory=list)  # whoever is in them finishes, and goes
    seen: tuple[int, int] | None = None  # the newest wish
    retry_at: float = 0.0  # … that could not be followed
    grpc: str = ""
    http: str = ""
    lifeline: tuple[int, int] = field(default_factory=os.pipe)
    stopping: bool = False

    def run(self) -> None:
        """Start workers, restart those that end, and drain all at the end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        connections_path(self.home).unlink(missing_ok=True)  # of those before us
        while not self.stopping:
            self._follow()
            for place in self.places:
                self._look_after(place)
            for place in list(self.left):
                self._see_off(place)
            time.sleep(_LOOK_EVERY)
        os.close(self.listener)
        self._drain()

    def _follow(self) -> None:
        """Have as many places as there are to be."""
        mark, now = mark_of(wish_path(self.home)), time.monotonic()
        if mark == self.seen or now < self.retry_at:
            return
        wish = read_wish(self.home)
        if wish is None:
            return
        stay, go = rearranged(self.places, wish, [place.index for place in self.left])
        try:
            write_roster(self.home, roster_of(stay))  # before anybody goes, and nobody asks them
        except OSError as error:  # the disk is full, perhaps: all stays as it is
            self.retry_at = now + _RETRY_EVERY
            self._say(f"the number of workers cannot be changed: {error}")
            return
        self.seen, self.places = mark, stay
        for place in go:
            place.due = now + DRAIN_SECONDS
            if place.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    place.process.terminate()
            self.left.append(place)

    def _see_off(self, place: Place) -> None:
        """Let go of a place once nobody is in it any more."""
        process = place.process
        if process is not None and process.poll() is None:
            if time.monotonic() > place.due:
                self._say(f"{place.who} did not end in time and was killed")
                process.kill()
                process.wait()
            else:
                return
        self.left.remove(place)
        self._forget(place)

    def _forget(self, place: Place) -> None:
        if place.index != GATEWAY:
            forget_worker(self.home, self.control, place.index)
            heartbeat_path(self.home, place.index).unlink(missing_ok=True)

    def _look_after(self, place: Place) -> None:
        now = time.monotonic()
        if place.process is not None:
            if place.process.poll() is None:
                return
            self._note_end(place, now)
        if place.process is None and now >= place.due:
            place.process = self._spawn(place)
            place.started = now

    def _note_end(self, place: Place, now: float) -> None:
        code = place.process.returncode if place.process is not None else 0
        place.crashes = 1 if now - place.started > _HEALTHY else place.crashes + 1
        pause = _PAUSES[min(place.crashes, len(_PAUSES)) - 1]
        place.process, place.due = None, now + pause
        self._say(f"{place.who} ended with {code}; the next one starts in {pause:g} s")
        if place.index != GATEWAY:
            forget_worker(self.home, self.control, place.index)

    def _spawn(self, place: Place) -> subprocess.Popen[bytes]:
        command, log = self._gateway() if place.index == GATEWAY else self._worker(place)
        inherited = (self.lifeline[0],) if place.pool else (self.listener, self.lifeline[0])
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | self._environment(),
            )

    def _worker(self, place: Place) -> tuple[list[str], Path]:
        index = str(place.index)
        command = [sys.executable, "-m", "keepwell.deployment.server.worker"]
        command += ["--home", str(self.home), "--index", index, "--control", str(self.control)]
        command += ["--pool", place.pool] if place.pool else ["--listener", str(self.listener)]
        command += ["--lifeline", str(self.lifeline[0])]
        return command, self.home / "logs" / f"worker-{index}.log"

    def _gateway(self) -> tuple[list[str], Path]:
        command = [sys.executable, "-m", "keepwell.deployment.server.inference_protocol.gateway"]
        command += ["--listen", self.grpc, "--workers", self.http]
        command += ["--lifeline", str(self.lifeline[0])]
        return command, self.home / "logs" / "grpc.log"

    def _environment(self) -> dict[str, str]:
        workers = sum(place.index != GATEWAY for place in self.places)
        threads = max(1, (os.cpu_count() or 1) // workers)
        return {
            "OMP_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": "1",
            "UV_TCP_SINGLE_ACCEPT": "1",  # lets libuv leave connections to the other workers
        }

    def _drain(self) -> None:
        places = [*self.places, *self.left]
        processes = [place.process for place in places if place.process is not None]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        end = time.monotonic() + DRAIN_SECONDS
        for process in processes:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"worker process {process.pid} did not end in time and was killed")
                process.kill()
                process.wait()
        with contextlib.suppress(OSError):
            write_roster(self.home, {})

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a full disk ends nobody
            sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
            sys.stderr.flush()


def main() -> None:
    """Keep workers alive until told to stop."""
    parser = argparse.ArgumentParser(description="Keeps workers alive; started by `keepwell up`.")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--control", type=Path, required=True)
    parser.add_argument("--grpc", default="", help="address of the gateway; none if empty")
    parser.add_argument("--http", default="", help="address of the workers, for the gateway")
    given = parser.parse_args()
    wish = read_wish(given.home) or Wish()
    places, _ = rearranged([Place(GATEWAY)] if given.grpc else [], wish)
    Supervision(
        home=given.home,
        listener=given.listener,
        control=given.control,
        places=places,
        grpc=given.grpc,
        http=given.http,
    ).run()


if __name__ == "__main__":
    main()
