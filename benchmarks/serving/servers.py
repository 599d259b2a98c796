"""Ours and the floors, as processes on core 0."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.load import pinned

PATH = "/endpoints/bench/predict"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A process that answers on a port."""

    port: int
    pid: int


@contextlib.contextmanager
def floor(source: str) -> Iterator[Server]:
    """Run a floor; give its port and process."""
    with listener() as own:
        number = own.fileno()
        command = pinned([sys.executable, "-c", source, str(number)])
        process = subprocess.Popen(command, pass_fds=(number,))
        try:
            time.sleep(1.0)
            yield Server(port=own.getsockname()[1], pid=process.pid)
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def ours(home: Path, index: int = 0, core: str = "0") -> Iterator[Server]:
    """Run one worker that predicts and logs; give its port and process."""
    with listener() as own, worker(home, own, index, core) as server:
        yield server


@contextlib.contextmanager
def worker(home: Path, shared: socket.socket, index: int, core: str) -> Iterator[Server]:
    """Run a worker on a port that others may share."""
    lifeline, held = os.pipe()
    number = shared.fileno()
    command = [sys.executable, "-m", "keepwell.deployment.server.worker", "--home", str(home)]
    command += ["--index", str(index), "--listener", str(number), "--lifeline", str(lifeline)]
    command += ["--control", str(home / "control.sock")]
    process = subprocess.Popen(
        pinned(command, core),
        pass_fds=(number, lifeline),
        env=os.environ | {"OMP_NUM_THREADS": "1", "UV_TCP_SINGLE_ACCEPT": "1"},
    )
    port = shared.getsockname()[1]
    try:
        wait_for(port, "/readyz")
        yield Server(port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait()
        os.close(held)
        os.close(lifeline)


def wait_for(port: int, path: str, seconds: float = 60) -> None:
    """Wait until a server answers with success."""
    end = time.monotonic() + seconds
    while True:
        url = f"http://127.0.0.1:{port}{path}"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if time.monotonic() > end:
            raise RuntimeError(f"nothing answers on port {port}")
        time.sleep(0.1)


def listener() -> socket.socket:
    """Return a socket that listens on a free port."""
    return socket.create_server(("127.0.0.1", 0), backlog=1024)
