"""The control process's hand on the supervisor process: start or take over, look, wait, stop."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from keepwell import __version__
from keepwell.core.errors import FormatError, MissingExtraError
from keepwell.deployment.server.heartbeat import WorkerState, heartbeat_path, read_heartbeats
from keepwell.deployment.server.listening import listen
from keepwell.deployment.server.pools.files import Wish, write_wish
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.infrastructure.files import write_atomic

_LOOK_EVERY = 0.02
_GUARD_EVERY = 0.5
_END_SECONDS = 20.0  # more than the supervisor process gives its workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A supervisor process, as `run/supervisor.json` describes it."""

    pid: int
    born: float  # with the number it names one process, even when numbers are used again
    host: str
    port: int
    control: str
    version: str
    grpc: int = 0


class Supervisor:
    """Serves a workspace on a port. One at a time per workspace: its owner sees to that.

    Args:
        home: The workspace's folder.
        host: Address to listen on.
        port: Port to listen on; 0 for any free one, `port` then tells which.
        workers: How many processes answer predictions at first; see `scale`.
        control_socket: Where the control process takes what is not a prediction.
        allow_remote: Take an address that other machines can reach, though there is no login yet.
        grpc_port: Port of the gRPC gateway; 0 for none.
    """

    def __init__(
        self,
        home: Path,
        host: str,
        port: int,
        workers: int,
        control_socket: Path,
        *,
        allow_remote: bool = False,
        grpc_port: int = 0,
    ) -> None:
        self.host = host
        self.grpc_port = grpc_port
        self.port = port
        self._home = home
        self.wish = Wish(workers=workers)
        self._control = control_socket
        self._allow_remote = allow_remote
        self._listener: socket.socket | None = None
        self._process: psutil.Process | None = None
        self._stopping = threading.Event()
        self._guard = threading.Thread(target=self._keep, name="supervisor guard", daemon=True)

    def start(self) -> None:
        """Begin to answer, or take over the supervisor process that a killed control process left.

        Returns before the workers are up: see `wait_for`.

        Raises:
            BusyError: If the port is taken: says by whom, and which one is free.
            UsageError: If other machines can reach the host.
            MissingExtraError: If gRPC is asked for and not installed.
        """
        if self.grpc_port:
            for package in ("grpc", "google.protobuf"):
                require(package)
        running = _running(self._home)
        write_wish(self._home, self.wish)
        if running is not None and self._is_wanted(running):
            self.port = running.port
            self._process = psutil.Process(running.pid)
        else:
            if running is not None:
                _end(psutil.Process(running.pid))
            if self.grpc_port:  # refused here in words, not there in a log
                listen(self.host, self.grpc_port, allow_remote=self._allow_remote).close()
            self._listener = listen(self.host, self.port, allow_remote=self._allow_remote)
            self.port = self._listener.getsockname()[1]
            for state in read_heartbeats(self._home):
                heartbeat_path(self._home, state.index).unlink(missing_ok=True)
            self._spawn()
        self._guard.start()

    def finds_running(self) -> bool:
        """Tell whether `start` would take over workers that answer already."""
        running = _running(self._home)
        return running is not None and self._is_wanted(running)

    def scale(self, wish: Wish) -> None:
        """Have another number of workers: new ones start, others finish what they were asked, and end."""
        if wish != self.wish:
            write_wish(self._home, wish)
            self.wish = wish

    def workers(self) -> list[WorkerState]:
        """Return the workers that live, those about to end included, as of their last heartbeats."""
        return living(self._home)

    def wait_for(self, generation: int, timeout: float = 10.0) -> bool:
        """Wait until every worker answers by a generation of the routing file; tell whether it does.

        Where it does not, `workers()[i].problems` says why.
        """
        end = time.monotonic() + timeout
        while True:
            states = [state for state in self.workers() if not state.draining]
            if len(states) == self.wish.total and all(s.generation >= generation for s in states):
                return True
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_EVERY)

    def stop(self) -> None:
        """Finish the requests in flight, then end all workers; what was logged stays."""
        self._stopping.set()
        if self._guard.is_alive():
            self._guard.join()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._process is not None:
            _end(self._process)
            self._process = None
        _path(self._home).unlink(missing_ok=True)

    def _is_wanted(self, running: Running) -> bool:
        return (
            running.host == self.host
            and self.port in (0, running.port)
            and running.control == str(self._control)
            and running.version == __version__
            and running.grpc == self.grpc_port
        )

    def _keep(self) -> None:
        """Bring the supervisor process back if it was killed."""
        while not self._stopping.wait(_GUARD_EVERY):
            if self._process is not None and _lives(self._process):
                continue
            if self._listener is None:
                with contextlib.suppress(Exception):  # workers that drain may still have the port
                    self._listener = listen(self.host, self.port, allow_remote=self._allow_remote)
            if self._listener is not None:
                self._spawn()

    def _spawn(self) -> None:
        listener = self._listener
        if listener is None:
            return
        command = [sys.executable, "-m", "keepwell.deployment.server.supervision"]
        command += ["--home", str(self._home)]
        command += ["--listener", str(listener.fileno()), "--control", str(self._control)]
        if self.grpc_port:
            host = f"[{self.host}]" if ":" in self.host else self.host
            command += ["--grpc", f"{host}:{self.grpc_port}", "--http", f"{host}:{self.port}"]
        log = self._home / "logs" / "supervisor.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                pass_fds=(listener.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # ^C in the terminal is for the control process alone
            )
        self._process = psutil.Process(child.pid)
        threading.Thread(target=child.wait, daemon=True).start()  # leaves no zombie
        running = Running(
            pid=child.pid,
            born=self._process.create_time(),
            host=self.host,
            port=self.port,
            control=str(self._control),
            version=__version__,
            grpc=self.grpc_port,
        )
        write_atomic(_path(self._home), to_json(running), durable=False)


def living(home: Path) -> list[WorkerState]:
    """Return the workers of a workspace that live, as of their last heartbeats."""
    return [state for state in read_heartbeats(home) if psutil.pid_exists(state.pid)]


def require(package: str) -> None:
    """Refuse to start without a package of the extra `grpc`.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        found = importlib.util.find_spec(package)
    except ModuleNotFoundError:  # not even its parent
        found = None
    if found is None:
        raise MissingExtraError("`serve.grpc_port`", extra="grpc")


def _path(home: Path) -> Path:
    return home / "run" / "supervisor.json"


def _running(home: Path) -> Running | None:
    """Return the supervisor process of a workspace, None if none lives."""
    try:
        running = from_json(Running, _path(home).read_bytes())
        process = psutil.Process(running.pid)
        return running if process.create_time() == running.born and _lives(process) else None
    except (FileNotFoundError, FormatError, psutil.Error):
        return None


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _end(process: psutil.Process) -> None:
    """Ask a supervisor process to drain its workers, and wait until it has."""
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
        try:
            process.wait(_END_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
