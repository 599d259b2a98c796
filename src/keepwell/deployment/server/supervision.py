"""The supervisor process: owns the listening socket, keeps the workers alive, and does nothing else.

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

DRAIN_SECONDS = 15.0  # a little more than a worker gives its requests
_LOOK_EVERY = 0.05
_HEALTHY = 30.0  # a worker that lived so long has its earlier crashes forgiven
GATEWAY = -1
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(slots=True)
class Place:
    """One process's place: who is in it, and how often that went wrong. The gateway's index is -1."""

    index: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    due: float = 0.0


@dataclass(slots=True, kw_only=True)
class Supervision:
    """Keeps workers in their places until it is told to stop."""

    home: Path
    listener: int
    control: Path
    places: list[Place]
    grpc: str = ""
    http: str = ""
    lifeline: tuple[int, int] = field(default_factory=os.pipe)
    stopping: bool = False

    def run(self) -> None:
        """Start workers, restart those that end, and drain all at the end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.stopping:
            for place in self.places:
                self._look_after(place)
            time.sleep(_LOOK_EVERY)
        os.close(self.listener)
        self._drain()

    def _look_after(self, place: Place) -> None:
        now = time.monotonic()
        if place.process is not None:
            if place.process.poll() is None:
                return
            self._note_end(place, now)
        if place.process is None and now >= place.due:
            place.process = self._spawn(place.index)
            place.started = now

    def _note_end(self, place: Place, now: float) -> None:
        code = place.process.returncode if place.process is not None else 0
        place.crashes = 1 if now - place.started > _HEALTHY else place.crashes + 1
        pause = _PAUSES[min(place.crashes, len(_PAUSES)) - 1]
        place.process, place.due = None, now + pause
        who = "the gRPC gateway" if place.index == GATEWAY else f"worker {place.index}"
        self._say(f"{who} ended with {code}; the next one starts in {pause:g} s")

    def _spawn(self, index: int) -> subprocess.Popen[bytes]:
        command, log = self._gateway() if index == GATEWAY else self._worker(index)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                pass_fds=(self.listener, self.lifeline[0]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | self._environment(),
            )

    def _worker(self, index: int) -> tuple[list[str], Path]:
        command = [sys.executable, "-m", "keepwell.deployment.server.worker"]
        command += ["--home", str(self.home), "--index", str(index), "--control", str(self.control)]
        workers = sum(place.index != GATEWAY for place in self.places)
        command += ["--workers", str(workers)]
        command += ["--listener", str(self.listener), "--lifeline", str(self.lifeline[0])]
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
        processes = [place.process for place in self.places if place.process is not None]
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

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _say(self, text: str) -> None:
        sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
        sys.stderr.flush()


def main() -> None:
    """Keep workers alive until told to stop."""
    parser = argparse.ArgumentParser(description="Keeps workers alive; started by `keepwell up`.")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--control", type=Path, required=True)
    parser.add_argument("--grpc", default="", help="address of the gateway; none if empty")
    parser.add_argument("--http", default="", help="address of the workers, for the gateway")
    given = parser.parse_args()
    places = [Place(index) for index in range(given.workers)]
    if given.grpc:
        places.append(Place(GATEWAY))
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
