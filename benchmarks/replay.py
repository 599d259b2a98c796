"""Replay two real drifting streams, in order of time, through the running server.

    python -m benchmarks.replay [--rows-per-second 150] [weather|occupancy …]

The first tenth of each stream trains the first version; the rest is sent to the endpoint as it is
being served, in small requests, and each row's outcome is posted right after. Printed are the loop's
decisions and two accuracies over the same rows: of the answers that were given, healed as the loop
saw fit, and of the first version, frozen.
"""

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pyarrow as pa
import pyarrow.csv

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
STREAMS = {
    "weather": ("drift_noaa_weather/noaa_weather.csv", "rain", ""),
    "occupancy": ("drift_room_occupancy/room_occupancy.csv", "occupancy", "ignore: [file]"),
}
FIRST = 0.1
REQUEST_ROWS = 30
SETTINGS = """
train: {{budget: 15s}}
serve: {{rollout: {{strategy: canary, steps: [20, 100], hold: 4s}}}}
monitor: {{window: 1000, every: 1s, min_rows: 200}}
loop: {{retrain: {{on: [drift, performance], cooldown: 20s, min_labels: 500, budget: 15s}}}}
"""


def keepwell(*words: str, cwd: Path) -> None:
    """Run one command to its end."""
    subprocess.run(
        [sys.executable, "-m", "keepwell", *words], cwd=cwd, check=True, capture_output=True
    )


def make_project(folder: Path, name: str) -> tuple[Path, pa.Table, str]:
    """Train on the first tenth; return the project, the remaining rows and the target."""
    file, target, data_option = STREAMS[name]
    table = pyarrow.csv.read_csv(SHARED / file)
    cut = int(len(table) * FIRST)
    pyarrow.csv.write_csv(table.slice(0, cut), folder / "history.csv")
    keepwell("init", name, "--data", "history.csv", "--target", target, cwd=folder)
    project = folder / name
    config = project / "keepwell.yaml"
    text = config.read_text()
    if data_option:
        text = text.replace("data:\n", f"data:\n  {data_option}\n", 1)
    config.write_text(text + SETTINGS.format())
    keepwell("run", cwd=project)
    return project, table.slice(cut), target


def replay(http: httpx2.Client, name: str, rows: pa.Table, target: str, pace: float) -> list[Any]:
    """Send every row and then its outcome; return the answers."""
    answers: list[Any] = []
    instances = [
        {key: str(value) if hasattr(value, "isoformat") else value for key, value in row.items()}
        for row in rows.drop_columns([target]).to_pylist()
    ]
    truths = rows[target].to_pylist()
    start = time.monotonic()
    for at in range(0, len(instances), REQUEST_ROWS):
        batch = instances[at : at + REQUEST_ROWS]
        answer = http.post(f"/endpoints/{name}/predict", json={"instances": batch})
        answer.raise_for_status()
        body = answer.json()
        answers += body["predictions"]
        outcomes = [
            {"prediction_id": identifier, "outcome": truth}
            for identifier, truth in zip(
                body["prediction_ids"], truths[at : at + REQUEST_ROWS], strict=True
            )
        ]
        http.post(f"/endpoints/{name}/feedback", json={"outcomes": outcomes}).raise_for_status()
        ahead = start + (at + len(batch)) / pace - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        print(
            f"\r  {at + len(batch):,} of {len(instances):,} rows",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)
    return answers


def frozen_answers(project: Path, name: str, rows: pa.Table) -> list[Any]:
    """Return what the first version would have said all along."""
    from keepwell.operations.build.judge import open_scorer
    from keepwell.workspace import Workspace

    with Workspace.open(project) as workspace:
        scorer = open_scorer(workspace.bench, workspace.registry.get(name, 1))
        return list(scorer.batch(rows, lenient=True).predictions)


def report(project: Path, name: str) -> tuple[Counter[str], list[str], float | None]:
    """Return the decisions by kind, how incidents ended, and when the first promotion was."""
    from keepwell.workspace import Workspace

    with Workspace.open(project) as workspace:
        decisions = workspace.incidents.decisions(name, limit=None)
        incidents = workspace.incidents.find(name)
        promoted = [item.time for item in decisions if item.action == "promote"]
        lines = [
            f"  incident: {item.title}: {item.resolution or item.status}. {item.summary}"
            for item in sorted(incidents, key=lambda item: item.opened)
        ]
        return Counter(item.action for item in decisions), lines, min(promoted, default=None)


def play(name: str, pace: float) -> bool:
    """Replay one stream; return whether a decision was stored and nothing got worse."""
    with tempfile.TemporaryDirectory() as scratch:
        project, rows, target = make_project(Path(scratch), name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", "keepwell", "up", "--port", str(port)],
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                wait_ready(http)
                begun = time.time()
                answers = replay(http, name, rows, target, pace)
                took = time.time() - begun
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)
        actions, lines, promoted = report(project, name)
        truth = np.array(rows[target].to_pylist())
        healed = np.array(answers) == truth
        frozen = np.array(frozen_answers(project, name, rows)) == truth
    print(f"{name}: {len(truth):,} rows in {took:.0f} s; decisions: {dict(actions)}")
    print("\n".join(lines))
    print(
        f"  accuracy over all rows:       served {healed.mean():.4f}   frozen {frozen.mean():.4f}"
    )
    better = bool(healed.mean() >= frozen.mean())
    if promoted is not None:
        since = int(len(truth) * min(1.0, (promoted - begun) / took))
        after_healed, after_frozen = healed[since:].mean(), frozen[since:].mean()
        print(
            f"  since the first promotion:    served {after_healed:.4f}   frozen {after_frozen:.4f}"
            f"   ({len(truth) - since:,} rows)"
        )
        better = bool(after_healed >= after_frozen)
    return bool(actions) and better


def wait_ready(http: httpx2.Client, seconds: float = 60) -> None:
    """Return once a champion can answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if http.get("/readyz").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError("the server was not ready in time")


def main() -> int:
    """Replay the named streams, or both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("streams", nargs="*", choices=[*STREAMS, []], default=[])
    parser.add_argument("--rows-per-second", type=float, default=150.0)
    options = parser.parse_args()
    if not SHARED.is_dir():
        print(f"skipped: the data sets are not at {SHARED}")
        return 0
    good = [play(name, options.rows_per_second) for name in options.streams or STREAMS]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
