"""The shipped program, driven from outside: processes, sockets, files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "PYTHONFAULTHANDLER": "1"}


def keepwell(*words: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one command and return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "keepwell", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    if check and done.returncode:
        raise AssertionError(
            f"keepwell {' '.join(words)} ended with {done.returncode}:\n{done.stderr}"
        )
    return done


def keepwell_json(*words: str, cwd: Path, check: bool = True) -> dict[str, Any]:
    """Run one command with --json and return its document."""
    done = keepwell(*words, "--json", cwd=cwd, check=check)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def customers(rows: int, seed: int = 0) -> str:
    """Return a CSV of invented customers whose churn depends on tenure, plan and charges."""
    random = np.random.default_rng(seed)
    tenure = random.integers(0, 72, rows)
    plan = random.choice(["monthly", "yearly"], rows)
    charges = random.normal(70, 20, rows).round(2)
    logit = 1.5 - 0.08 * tenure + 1.5 * (plan == "monthly") + 0.02 * (charges - 70)
    churn = random.random(rows) < 1 / (1 + np.exp(-logit))
    lines = ["customer,tenure,plan,charges,churn"]
    lines += [
        f"C{index:06d},{tenure[index]},{plan[index]},{charges[index]},{'yes' if churn[index] else 'no'}"
        for index in range(rows)
    ]
    return "\n".join(lines) + "\n"


class Served:
    """A project that is up."""

    def __init__(self, project: Path, port: int, *words: str) -> None:
        self.project = project
        self.url = f"http://127.0.0.1:{port}"
        with (project / "up.out").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "keepwell", "up", "--port", str(port), *words],
                cwd=project,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
            )
        self.http = httpx2.Client(base_url=self.url, timeout=30)

    def wait_ready(self, seconds: float = 60) -> None:
        """Return once a champion can answer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if self.http.get("/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready:\n{(self.project / 'up.out').read_text()}")

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # it writes down where all its threads are
            self.process.wait()
            said = (self.project / "up.out").read_text()
            raise AssertionError(f"it did not stop:\n{said}") from None
