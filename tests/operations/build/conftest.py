"""A small project that was not built yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from outside import customers

from keepwell.core.spec import DataSpec, ProjectSpec, TrainSpec
from keepwell.workspace import Workspace

QUICK = TrainSpec(budget=5.0, learners=("linear",))


def shop(root: Path) -> ProjectSpec:
    return ProjectSpec(
        name="shop",
        root=root,
        data=DataSpec(source="customers.csv", target="churn", key="customer"),
        train=QUICK,
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Return a project of 800 customers that was not built yet."""
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    (tmp_path / "customers.csv").write_text(customers(800))
    with Workspace(shop(tmp_path)) as opened:
        yield opened
