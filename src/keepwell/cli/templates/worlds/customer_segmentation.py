"""Which customers are alike."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.core.records import Task
from keepwell.core.spec import (
    BatchSpec,
    DataSpec,
    GateSpec,
    MonitorSpec,
    ProjectSpec,
    TrainSpec,
)

# Orders a year, basket, share bought in sales, days since the last order: mean and spread.
_KINDS = {
    "regular": ((24, 4), (45, 9), (0.15, 0.05), (12, 6)),
    "bargain": ((9, 3), (28, 6), (0.75, 0.09), (40, 14)),
    "luxury": ((5, 2), (240, 45), (0.05, 0.03), (60, 20)),
    "sleeper": ((1.5, 0.7), (40, 12), (0.3, 0.1), (280, 40)),
}


def customers(random: Random, later: bool) -> Iterator[Row]:
    """Yield customers; later most new ones hunt for bargains."""
    shares = [2, 8, 1, 2] if later else [5, 3, 1, 3]
    while True:
        orders, basket, sales, idle = _KINDS[random.choices(list(_KINDS), shares)[0]]
        yield {
            "orders_per_year": round(max(random.gauss(*orders), 0.2), 1),
            "basket": round(max(random.gauss(*basket), 3), 2),
            "share_in_sales": round(min(max(random.gauss(*sales), 0), 1), 2),
            "days_since_order": max(1, round(random.gauss(*idle))),
        }


TEMPLATE = Template(
    name="customer-segmentation",
    title="Which customers are alike",
    mode="batch",
    origin="3,000 invented customers, made by Keepwell itself on your machine.",
    change="Most of the new customers hunt for bargains.",
    world=customers,
    rows=3_000,
    outcomes=False,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(source="data/customers.csv", key="customer"),
        train=TrainSpec(task=Task.CLUSTERING, metric="silhouette", budget=20.0),
        gate=GateSpec(min={"silhouette": 0.3}),
        monitor=MonitorSpec(window_seconds=None, window_rows=500),
        batch=(
            BatchSpec(
                name="weekly",
                source="data/later.csv",
                output="scored/{date}.csv",
                schedule="0 5 * * 1",
                log=True,
            ),
        ),
    ),
    notes="Step 4 says in words what is typical of each segment. How many there are was found, not said.",
)
