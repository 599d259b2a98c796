"""A project of payments whose model looks back, with a worker's predictor in this process."""

import asyncio
from typing import Any

import numpy as np

from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.prediction import PROBE, Answered, Call, Predictor
from keepwell.deployment.server.routes import read_routes
from keepwell.deployment.server.snapshot import load_snapshot
from keepwell.features.windows import WindowStore
from keepwell.features.windows.store import windows_path
from keepwell.infrastructure.segments import SegmentWriter
from keepwell.operations.serving.publisher import Publisher
from keepwell.workspace import Workspace

BEGIN = 1_735_689_600  # 2025-01-01
WINDOWS = """
    - {name: spent_7d, aggregate: sum, of: amount, by: customer, over: 7d}
    - {name: usual_7d, aggregate: mean, of: amount, by: customer, over: 7d}
    - {name: often_1d, aggregate: count, by: customer, over: 1d}
"""
PROJECT = f"""
project: payments
data: {{source: payments.csv, target: fraud, time: at, key: payment}}
features:
  windows:{WINDOWS}
train: {{budget: 3s, learners: [linear], features: "off"}}
gate: {{}}
"""


def payments(rows: int = 500, *, seed: int = 3, since: float = BEGIN) -> str:
    """Return payments in the order of their time; who pays often and much lately cheats."""
    draw = np.random.default_rng(seed)
    at = np.sort(draw.integers(0, 20 * 86_400, rows)) + int(since)
    customer = draw.integers(0, 25, rows)
    amount = draw.gamma(2.0, 20.0, rows).round(2)
    lines = ["payment,customer,at,amount,fraud"]
    spent: dict[int, list[tuple[int, float]]] = {}
    for row in range(rows):
        now, who = int(at[row]), int(customer[row])
        lately = sum(paid for when, paid in spent.get(who, []) if now - 7 * 86_400 <= when < now)
        spent.setdefault(who, []).append((now, float(amount[row])))
        fraud = "yes" if lately + draw.normal(0, 40) > 300 else "no"
        moment = np.datetime64(now, "s")
        lines.append(f"p{seed}-{row},c{who},{moment},{amount[row]},{fraud}")
    return "\n".join(lines) + "\n"


class Shop:
    """A workspace and a worker's predictor, in this process."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        home = workspace.home
        self.publisher = Publisher(
            home,
            workspace.metadata,
            workspace.endpoints,
            workspace.registry,
            blobs=workspace.blobs_url,
            serve=workspace.spec.serve,
        )
        self.store = WindowStore(windows_path(home))
        self.writer = SegmentWriter.claim(home / "serving" / "segments", "worker-0")
        self.predictor = Predictor(self.writer, Counters())
        self.follow()

    def follow(self) -> None:
        self.publisher.publish()
        self.predictor.snapshot = load_snapshot(
            read_routes(self.workspace.home),
            self.predictor.snapshot,
            self.workspace.blobs.read,
            windows=self.store,
        )

    def ask(self, *rows: dict[str, Any], caller: str = "") -> Answered:
        call = Call(endpoint="payments", request="r", caller=caller)
        return asyncio.run(self.predictor.predict(call, [dict(row) for row in rows]))

    def told(self, *rows: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the inputs that rows are answered by, without making them events."""
        return self.ask(*rows, caller=PROBE).parts[0].part.rows
