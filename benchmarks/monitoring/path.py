"""What answering costs while monitors look, and while stages are measured: percentiles on against off.

One project, served twice in turn, round by round: with a look each second, anomalies and machines
watched, and with drift, concept drift and machines off and a look an hour. Where monitors are off, the same
server is asked once more by requests that all want their stages measured (`x-keepwell-trace: 1`). `wrk` asks
for one row at a time over eight connections that pause between requests, so that it is the answer that is
measured, not a queue; everything shares the machine's cores.
"""

import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.soak import BODY, ENDPOINT, make_project, wait_until_up

ON = "monitor: {every: 1s, min_rows: 100}\n"
OFF = "monitor: {every: 1h, drift: off, concept: off, machines: {watch: off}}\n"
CONNECTIONS = 8
PAUSE_MS = 8
WARM_UP = 5
TRACED = 'wrk.headers["x-keepwell-trace"] = "1"'
_SCRIPT = """
wrk.method = "POST"
wrk.body = [[{body}]]
wrk.headers["content-type"] = "application/json"
{traced}
delay = function() return {pause} end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d\\n",
    summary.requests, latency:percentile(50), latency:percentile(99)))
end
"""

Answers = tuple[int, int, int]
"""Requests, and the 50th and 99th percentile in microseconds."""


def measure(rounds: int = 4, seconds: int = 15) -> None:
    """Serve with and without, in turn; print the medians over the rounds and their ratios."""
    found: dict[str, list[Answers]] = {"on": [], "off": [], "off, stages": []}
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch))
        config = (project / "keepwell.yaml").read_text()
        for _ in range(rounds):
            for section, ways in ((ON, ["on"]), (OFF, ["off", "off, stages"])):
                (project / "keepwell.yaml").write_text(f"{config}\n{section}")
                for name, answers in zip(ways, _served(project, seconds, len(ways)), strict=True):
                    found[name].append(answers)
                    print(f"  {name:11} {answers}", flush=True)
    middle = {
        name: [statistics.median(column) for column in zip(*each, strict=True)]
        for name, each in found.items()
    }
    print("| monitors | requests a round | p50 | p99 |\n|---|---|---|---|")
    for name, (requests, half, most) in middle.items():
        print(f"| {name} | {requests:,.0f} | {half / 1e3:.2f} ms | {most / 1e3:.2f} ms |")
    print(f"\np99 with monitors on against off: {middle['on'][2] / middle['off'][2]:.2f}")
    stages = [middle["off, stages"][at] / middle["off"][at] for at in (1, 2)]
    print(f"stages measured against not: p50 {stages[0]:.2f}, p99 {stages[1]:.2f}")


def _served(project: Path, seconds: int, ways: int) -> list[Answers]:
    """Ask a server of its own as plain requests do, and in a second way with their stages measured."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (project / "up.out").open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "keepwell", "up", "--port", str(port), "--workers", "1"],
            cwd=project, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_until_up(project, server)
        _ask(project, port, WARM_UP, traced=False)
        return [_ask(project, port, seconds, traced=way > 0) for way in range(ways)]
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def _ask(project: Path, port: int, seconds: int, *, traced: bool) -> Answers:
    script = project / "post.lua"
    asked = TRACED if traced else ""
    script.write_text(_SCRIPT.format(body=BODY.decode(), pause=PAUSE_MS, traced=asked))
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script),
         f"http://127.0.0.1:{port}{ENDPOINT}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    line = re.search(r"RESULT (\d+) (\d+) (\d+)", done.stdout)
    if line is None or "Non-2xx" in done.stdout:
        raise RuntimeError(f"wrk said: {done.stdout}{done.stderr}")
    return int(line[1]), int(line[2]), int(line[3])
