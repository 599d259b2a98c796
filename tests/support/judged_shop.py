"""A project in a Git repository, built once by each of two learners."""

import subprocess
from pathlib import Path

from outside import customers

from keepwell.core.spec import CardSpec, DataSpec, ProjectSpec, TrainSpec
from keepwell.workspace import Workspace

CARD = CardSpec(owner="Retention team", intended_use="Whom to call before they leave.")


def build_shop(root: Path) -> Workspace:
    """Return the project, open; who asks for it closes it."""
    root.mkdir()
    (root / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    (root / "customers.csv").write_text(customers(600))
    _git(root, "init", "-q")
    _git(root, "add", ".")
    _git(root, "commit", "-qm", "first")
    data = DataSpec(source="customers.csv", target="churn", key="customer")
    for learner in ("linear", "lightgbm"):
        train = TrainSpec(budget=6.0, folds=2, learners=(learner,))
        with Workspace(ProjectSpec(name="shop", root=root, data=data, train=train)) as opened:
            opened.builder.run()
    return Workspace(ProjectSpec(name="shop", root=root, data=data, card=CARD))


def _git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.com")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)
