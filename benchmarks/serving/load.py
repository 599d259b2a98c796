"""`wrk`, asked to post a body, and what it measured."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from benchmarks.serving.servers import Server

SERVER_CORE, CLIENT_CORE = "0", "1"

_SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["content-type"] = "application/json"
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status))
end
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a server did under load."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    per_cpu_second: float


def check_tools() -> None:
    """See that what measures is there."""
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed; on Debian: apt-get install {package}")


def pinned(command: list[str], core: str = SERVER_CORE) -> list[str]:
    """Return a command that stays on one core."""
    return ["taskset", "-c", core, *command]


def ask(server: "Server", path: str, body: bytes, clients: int, seconds: int) -> Result:
    """Ask a server from so many connections, as fast as it answers.

    `per_cpu_second` counts the server's own processor time: what it would do on a core of its own.
    """
    return _ask(server, path, body, clients, seconds, pinned)[0]


def ask_freely(
    server: "Server", path: str, body: bytes, clients: int, seconds: int
) -> tuple[Result, float]:
    """Ask likewise, on whichever core is free; return the processor time of the asking too."""
    return _ask(server, path, body, clients, seconds, lambda command, core: command)


def _ask(
    server: "Server",
    path: str,
    body: bytes,
    clients: int,
    seconds: int,
    place: Callable[[list[str], str], list[str]],
) -> tuple[Result, float]:
    before, asking = _cpu_seconds(server.pid), _children_seconds()
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder) / "body.json", Path(folder) / "post.lua"
        file.write_bytes(body)
        script.write_text(_SCRIPT.format(body=file))
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "20s"]
        command += ["-s", str(script), f"http://127.0.0.1:{server.port}{path}"]
        done = subprocess.run(
            place(command, CLIENT_CORE), capture_output=True, text=True, check=False
        )
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(f"wrk said: {done.stdout}{done.stderr}")
    used = _cpu_seconds(server.pid) - before
    requests, microseconds, p50, p99, errors = map(int, found.groups())
    result = Result(
        per_second=requests / (microseconds / 1e6),
        p50_ms=p50 / 1000,
        p99_ms=p99 / 1000,
        errors=errors,
        per_cpu_second=requests / used if used else float("nan"),
    )
    return result, _children_seconds() - asking


def _children_seconds() -> float:
    """Return the processor time of the programs that have been run and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and its children."""
    family = [psutil.Process(pid)]
    family += family[0].children(recursive=True)
    return sum(sum(one.cpu_times()[:2]) for one in family)
