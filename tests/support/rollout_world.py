"""A project with three versions: 1 is right, 2 says the same, 3 always says yes."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from keepwell.core.clock import Clock
from keepwell.operations.own_model import register_own
from keepwell.workspace import Workspace


def make_project(root: Path, clock: Clock | None = None) -> Path:
    """Make the project in a new folder, with version 1 behind its endpoint `churn`."""
    from sklearn.dummy import DummyClassifier
    from sklearn.tree import DecisionTreeClassifier

    root.mkdir()
    (root / "keepwell.yaml").write_text(
        "project: churn\ndata: {source: data.csv, target: left, key: customer}\n"
    )
    (root / "data.csv").write_text("customer,tenure,left\n")
    tenure = np.arange(400) % 72
    left = np.where(tenure < 24, "yes", "no")
    table = pa.table({"tenure": tenure, "left": left})
    frame = table.select(["tenure"]).to_pandas()
    with Workspace.open(root, clock=clock) as workspace:
        for model in (
            DecisionTreeClassifier(max_depth=2),
            DecisionTreeClassifier(max_depth=3),
            DummyClassifier(strategy="constant", constant="yes"),
        ):
            register_own(workspace.bench, model.fit(frame, left), table, "left")
        workspace.endpoints.deploy("churn", "churn", 1, "first", key="customer")
    return root
