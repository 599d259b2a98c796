"""A shop whose customers have changed since its model was fitted: ever more of them leave.

Version 1 is a small tree, version 2 (the champion) a boosted one. `age` has gaps in training, `income` has
none. The log holds answers with outcomes; in the last minutes before now `age` arrives as -999.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UnavailableError
from keepwell.core.identifiers import new_id
from keepwell.core.ports import Point
from keepwell.core.records import (
    Endpoint,
    Estimate,
    GateVerdict,
    Intervention,
    Outcome,
    Prediction,
)
from keepwell.deployment.routing import Split
from keepwell.infrastructure.codec import to_json
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.operations.lighter.evidence import EVIDENCE, KIND, PARENT, Lighter, Timing
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.own_model import register_own
from keepwell.operations.playbooks.means import Means
from keepwell.operations.playbooks.registry import Playbooks
from keepwell.workspace import Workspace

START = 1_700_000_000.0
NOW = START + 40_000.0
BROKEN = NOW - 1_000.0
"""Since when `age` arrives as -999."""

NAME = "shop"
PROJECT = f"""project: {NAME}
data: {{source: data.csv, target: leaves, key: customer}}
train: {{threshold: {{cost: {{fp: 1, fn: 4}}}}}}
monitor: {{window: 20m}}
alerts:
  channels:
    ops: {{webhook: "http://127.0.0.1:9/hook"}}
    tracker: {{github: "http://127.0.0.1:9/repos/o/r/issues", secret: $TRACKER_TOKEN}}
"""


def customers(count: int, seed: int, drift: float) -> tuple[pa.Table, np.ndarray[Any, Any]]:
    """Return customers, and which of them leave; more of them the larger the drift."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 80, count).astype(float)
    income = random.normal(50, 15, count)
    plan = random.choice(["A", "B"], count)
    logit = 0.06 * (age - 50) - 0.03 * (income - 50) + (plan == "B") * 0.8 - 1.0 + drift
    leaves = random.random(count) < 1 / (1 + np.exp(-logit))
    gaps = random.random(count) < 0.03
    ages = [None if gap else value for gap, value in zip(gaps, age.tolist(), strict=True)]
    return pa.table({"age": ages, "income": income, "plan": plan}), leaves


def make_shop(root: Path) -> Path:
    """Make the project in a new folder."""
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    root.mkdir()
    (root / "keepwell.yaml").write_text(PROJECT)
    (root / "data.csv").write_text("customer,age,income,plan,leaves\n")
    table, leaves = customers(1200, 1, 0.0)
    target = np.where(leaves, "yes", "no")
    rows = table.append_column("leaves", pa.array(target))
    with Workspace.open(root, clock=ManualClock(START)) as workspace:
        for trees in (5, 60):
            preparation = ColumnTransformer(
                [
                    ("numbers", SimpleImputer(), ["age", "income"]),
                    ("labels", OneHotEncoder(handle_unknown="ignore"), ["plan"]),
                ]
            )
            model = LGBMClassifier(n_estimators=trees, verbose=-1, n_jobs=1, random_state=1)
            pipeline = Pipeline([("columns", preparation), ("trees", model)])
            register_own(workspace.bench, pipeline.fit(table.to_pandas(), target), rows, "leaves")
        for version in (1, 2):
            workspace.registry.point(NAME, "champion", version, why="passed")
            workspace.endpoints.deploy(NAME, NAME, version, "passed", key="customer")
        _lighter(workspace)
        workspace.switchboard.route(NAME, ["age > 70 -> v1"])
        workspace.switchboard.fall_back(NAME, ['"no"'])
        fill(workspace)
        points = [
            Point("latency_p95_ms", NOW, 300.0),
            Point("error_rate", NOW, 0.2),
            Point("metric:roc_auc", NOW, 0.7),
        ]
        workspace.measurements.append(f"endpoint:{NAME}", points)
        report = {"signals": [{"kind": "quality", "column": "age", "severity": 0.5}]}
        workspace.measurements.write_report(f"endpoint:{NAME}", NOW, report)
    return root


def _lighter(workspace: Workspace) -> None:
    """Register version 3, a lighter variant of version 2: it is version 1 by another name."""
    small, heavy = (workspace.registry.get(NAME, version) for version in (1, 2))
    run = workspace.runs.start(NAME, KIND, tags={PARENT: heavy.key})
    found = Lighter(
        parent=heavy.key,
        form="5 of 60 trees",
        metric="roc_auc",
        max_loss=0.3,
        chosen_on=600,
        rows=600,
        before=0.8,
        after=0.78,
        loss=Estimate(value=0.02, low=0.01, high=0.03),
        tried=4,
        heavy=Timing(row_ms=0.3, batch_ms=60.0, batch=10_000, bytes=90_000),
        light=Timing(row_ms=0.1, batch_ms=20.0, batch=10_000, bytes=9_000),
    )
    workspace.runs.attach(run.id, EVIDENCE, to_json(found))
    made = workspace.registry.register(
        NAME,
        run=run.id,
        bundle=small.bundle,
        signature=small.signature,
        metric=small.metric,
        proof=small.proof,
    )
    workspace.registry.record_gate(NAME, made.version, GateVerdict(passed=True))
    workspace.runs.finish(run.id, model=made.key)


def fill(workspace: Workspace, count: int = 900) -> None:
    """Log answers with outcomes; the younger ones with a broken age."""
    table, leaves = customers(count, 2, 1.2)
    made, outcomes = [], []
    times = np.concatenate(
        [np.linspace(START + 10, BROKEN, count - 200), np.linspace(BROKEN + 1, NOW - 10, 200)]
    )
    for at, row in enumerate(table.to_pylist()):
        time = float(times[at])
        if time > BROKEN:
            row["age"] = -999
        made.append(
            Prediction(
                id=new_id(time),
                time=time,
                endpoint=NAME,
                model=NAME,
                version=2,
                role="champion",
                request=new_id(time),
                key=f"c{at}",
                inputs=json.dumps(row),
                prediction='"no"',
                latency_ms=3.0,
            )
        )
        said = json.dumps("yes" if leaves[at] else "no")
        outcomes.append(
            Outcome(prediction_id=made[-1].id, endpoint=NAME, outcome=said, time=time + 1)
        )
    rows = prediction_table(made)
    workspace.tables.write(PREDICTIONS, rows)
    workspace.tables.write(OUTCOMES, outcome_table(outcomes, rows))


@dataclass
class FakeJobs:
    """Remembers what was started and stopped."""

    started: dict[str, Retraining] = field(default_factory=dict)
    starts: int = 0
    stopped: list[str] = field(default_factory=list)

    def start(self, retraining: Retraining) -> None:
        if retraining.key not in self.started:
            self.starts += 1
            self.started[retraining.key] = retraining

    def stop(self, identifier: str, reason: str) -> None:
        if identifier not in self.stopped:
            self.stopped.append(identifier)


@dataclass
class Shop:
    """The shop, open at a time, with its playbooks."""

    workspace: Workspace
    jobs: FakeJobs = field(default_factory=FakeJobs)
    deaf: bool = False
    """The endpoint goes on answering by the version before, whatever the record says."""

    @property
    def playbooks(self) -> Playbooks:
        workspace = self.workspace
        return Playbooks(
            Means(
                bench=workspace.bench,
                predictions=workspace.predictions,
                measurements=workspace.measurements,
                probe=self._probe,
                jobs=self.jobs,
                cores=4,
            )
        )

    def _probe(self, endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
        split = Split(endpoint.name, endpoint.routes)
        return {key: 0 if self.deaf else endpoint.routes[split.pick(key)].version for key in keys}

    @property
    def events(self) -> int:
        newest = self.workspace.metadata.events(newest_first=True, limit=1)
        return newest[0].seq

    @property
    def state(self) -> tuple[Any, ...]:
        """Everything that decides how the endpoint answers."""
        workspace = self.workspace
        return (
            workspace.endpoints.read(NAME),
            workspace.registry.resolve(NAME, "champion"),
            workspace.scaling.read().workers,
            workspace.scaling.read().pools,
        )


def use(playbook: str, number: int = 1, **options: Any) -> Intervention:
    """Return an intervention that is to be carried out."""
    return Intervention(
        id=f"slow-{number}",
        endpoint=NAME,
        playbook=playbook,
        reason="it is slow",
        rule="slow",
        options=options,
        status="acting",
    )


def refuse(what: str) -> Any:
    """Return a function that raises, whatever it is called with."""

    def raising(*args: Any, **kwargs: Any) -> Any:
        raise UnavailableError(what)

    return raising
