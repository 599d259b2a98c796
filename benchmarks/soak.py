"""Ten minutes at full load: does memory stay flat, is everything logged?

    python -m benchmarks.soak [MINUTES=10]

A real `keepwell up` (prediction log, collector and monitors on) of a freshly trained project, asked by
`wrk` from 32 connections as fast as it answers, or by Python clients where there is no `wrk`. Every 5
seconds the resident memory of each process is noted; a line is laid through the notes of the second half,
as pools fill for some minutes. Printed are the notes, the slopes, the answers a
second, the errors, and whether as many rows are in the log as were answered.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

SAMPLE_EVERY = 5.0
CLIENTS = 32
FLAT = 2.0
"""MB a minute: what grows faster than this is not flat."""
ENDPOINT = "/endpoints/shop/predict"
BODY = json.dumps({"instances": [{"tenure": 2, "plan": "monthly", "charges": 95.5}]}).encode()
WARM_UP = 1 / 2
_SCRIPT = """
wrk.method = "POST"
wrk.body = [[{body}]]
wrk.headers["content-type"] = "application/json"
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d\\n", summary.requests, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write, summary.errors.timeout))
end
"""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the clients saw: requests with any answer, those refused, connections that failed."""

    answers: int
    refused: int
    broken: int


@dataclass(kw_only=True)
class Memory:
    """Resident memory of processes over time, in MB."""

    times: list[float] = field(default_factory=list)
    notes: dict[str, list[float]] = field(default_factory=dict)

    def note(self, at: float, family: dict[str, psutil.Process]) -> None:
        """Take a note of each process."""
        self.times.append(at)
        for name, process in family.items():
            self.notes.setdefault(name, []).append(process.memory_info().rss / 1e6)

    def slope(self, name: str) -> float:
        """Return the MB a minute that a process grows by after the warm-up."""
        first = int(len(self.times) * WARM_UP)
        return float(np.polyfit(self.times[first:], self.notes[name][first:], 1)[0] * 60)


def make_project(folder: Path) -> Path:
    """Train a small model on invented customers."""
    random = np.random.default_rng(0)
    rows = 1500
    tenure, charges = random.integers(0, 72, rows), random.normal(70, 20, rows).round(2)
    plan = random.choice(["monthly", "yearly"], rows)
    churn = random.random(rows) < 1 / (1 + np.exp(0.08 * tenure - 1.5 - 1.5 * (plan == "monthly")))
    lines = ["customer,tenure,plan,charges,churn"]
    lines += [
        f"C{at},{tenure[at]},{plan[at]},{charges[at]},{'yes' if churn[at] else 'no'}"
        for at in range(rows)
    ]
    (folder / "customers.csv").write_text("\n".join(lines) + "\n")
    project = folder / "shop"
    keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=folder)
    config = project / "keepwell.yaml"
    config.write_text(config.read_text() + "\ntrain: {budget: 10s}\nloop: {retrain: {on: []}}\n")
    keepwell("run", cwd=project)
    return project


def keepwell(*words: str, cwd: Path) -> str:
    """Run one command to its end and return what it said."""
    command = [sys.executable, "-m", "keepwell", *words]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"keepwell {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def family_of(pid: int) -> dict[str, psutil.Process]:
    """Return the processes of a running server by what they are."""
    control = psutil.Process(pid)
    found = {"control": control}
    for child in control.children(recursive=True):
        words = child.cmdline()
        if "keepwell.deployment.server.supervision" in words:
            found["supervisor"] = child
        elif "keepwell.deployment.server.worker" in words:
            found[f"worker {words[words.index('--index') + 1]}"] = child
    return found


def ask_by_wrk(port: int, seconds: float, folder: Path) -> Load:
    """Ask with `wrk`."""
    script = folder / "post.lua"
    script.write_text(_SCRIPT.replace("{body}", BODY.decode()))
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{int(seconds)}s", "--timeout", "20s"]
    command += ["-s", str(script), f"http://127.0.0.1:{port}{ENDPOINT}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(f"wrk said: {done.stdout}{done.stderr}")
    answers, refused, broken, late = map(int, found.groups())
    return Load(answers=answers, refused=refused, broken=broken + late)


def ask_by_threads(port: int, seconds: float) -> Load:
    """Ask with Python clients: slower than the server, but everywhere."""
    end, seen, lock = time.monotonic() + seconds, [0, 0, 0], threading.Lock()

    def ask() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while time.monotonic() < end:
            kind = 0
            try:
                line.request("POST", ENDPOINT, BODY, {"content-type": "application/json"})
                answer = line.getresponse()
                answer.read()
                kind = int(answer.status != http.client.OK)
            except (OSError, http.client.HTTPException):
                line.close()
                kind = 2
            with lock:
                seen[kind] += 1

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(answers=seen[0] + seen[1], refused=seen[1], broken=seen[2])


def logged(project: Path) -> tuple[int, int]:
    """Return how many rows are in the log, and how many ids."""
    from keepwell.workspace import Workspace

    with Workspace.open(project) as workspace:
        workspace.collector.collect()
        counted = workspace.predictions.query(
            "select count(*) n, count(distinct id) d from predictions"
        )
    row = counted.to_pylist()[0]
    return int(row["n"]), int(row["d"])


def soak(project: Path, seconds: float) -> tuple[Load, Memory, dict[str, int]]:
    """Serve a project under load; return what clients saw, memory, and the rows workers counted."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (project / "up.out").open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "keepwell", "up", "--port", str(port), "--workers", "1"],
            cwd=project,
            stdout=output,
            stderr=output,
        )
    memory, result = Memory(), list[Load]()
    try:
        wait_until_up(project, server)
        family = family_of(server.pid)
        ask = (
            (lambda: ask_by_wrk(port, seconds, project))
            if shutil.which("wrk")
            else (lambda: ask_by_threads(port, seconds))
        )
        asking = threading.Thread(target=lambda: result.append(ask()))
        started = time.monotonic()
        asking.start()
        while asking.is_alive():
            memory.note(time.monotonic() - started, family)
            asking.join(SAMPLE_EVERY)
        time.sleep(1.5)  # the last heartbeat
        counts = counted_by_workers(project)
        died = [name for name, process in family.items() if not process.is_running()]
        if died:
            raise SystemExit(f"died under load: {', '.join(died)}")
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(120)
        except subprocess.TimeoutExpired:
            server.kill()
    return result[0], memory, counts


def counted_by_workers(project: Path) -> dict[str, int]:
    """Return the rows that workers answered, and those that they could not log."""
    from keepwell.deployment.server.heartbeat import read_heartbeats

    traffic = [
        one
        for state in read_heartbeats(project / ".keepwell")
        for by_version in state.traffic.values()
        for one in by_version.values()
    ]
    return {
        "rows": sum(one.rows for one in traffic),
        "unlogged": sum(one.unlogged for one in traffic),
    }


def wait_until_up(project: Path, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return once everything is up."""
    end = time.monotonic() + seconds
    while "is up" not in (project / "up.out").read_text():
        if server.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"the server did not come up:\n{(project / 'up.out').read_text()}")
        time.sleep(0.2)


def show(memory: Memory) -> None:
    """Print at most 25 of the notes, evenly spread, and the slopes."""
    names = list(memory.notes)
    print(" minute  " + "".join(f"{name:>13}" for name in names) + "   (resident, MB)")
    for at in sorted({int(x) for x in np.linspace(0, len(memory.times) - 1, 25)}):
        cells = "".join(f"{memory.notes[name][at]:13.1f}" for name in names)
        print(f"{memory.times[at] / 60:7.2f}  {cells}")
    print("\nslope after warm-up, MB a minute:")
    for name in names:
        print(f"  {name:12} {memory.slope(name):+.2f}")


def main(words: list[str]) -> int:
    """Run the soak; return 1 if something was lost, failed or grew."""
    minutes = float(words[0]) if words else 10.0
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch))
        load_before = os.getloadavg()[0]
        result, memory, counts = soak(project, minutes * 60)
        rows, ids = logged(project)
    show(memory)
    seconds = memory.times[-1]
    print(f"\n{result.answers:,} answers, {result.answers / (minutes * 60):,.0f} a second")
    print(f"errors: {result.refused} refused, {result.broken} connections broken or late")
    print(
        f"rows: {counts['rows']:,} answered by the workers, {counts['unlogged']} of them unlogged"
    )
    print(f"      {rows:,} in the log, {ids:,} ids")
    print(f"machine: {os.cpu_count()} cores, load {load_before:.1f} before, {seconds:.0f} s noted")
    growing = [name for name in memory.notes if memory.slope(name) > FLAT]
    whole = rows == ids == counts["rows"] and counts["unlogged"] == 0
    if growing:
        print(f"NOT FLAT: {', '.join(growing)}")
    if not whole:
        print("NOT WHOLE: the log holds another number of rows than were answered")
    return int(bool(growing) or not whole or bool(result.refused or result.broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
