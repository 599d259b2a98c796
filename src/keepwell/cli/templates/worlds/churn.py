"""Which customers are about to leave."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec


def customers(random: Random, later: bool) -> Iterator[Row]:
    """Yield customers; later the monthly plan costs a quarter more, and its customers mind."""
    while True:
        tenure = min(int(random.expovariate(1 / 24)), 96)
        plan = random.choices(["monthly", "yearly", "two years"], [5, 3, 2])[0]
        charges = random.gauss(65, 22)
        calls = max(0, round(random.gauss(1.2 if tenure > 12 else 2.2, 1.3)))
        payment = random.choice(["card", "transfer", "invoice"])
        idle = min(int(random.expovariate(1 / 9)), 120)
        dear = later and plan == "monthly"
        charges = max(12.0, charges * (1.25 if dear else 1.0))
        risk = -2.1 + 0.35 * calls + 0.03 * idle - 0.035 * tenure + 0.009 * charges
        risk += {"monthly": 0.9, "yearly": -0.4, "two years": -1.3}[plan]
        risk += 0.4 * (payment == "invoice") + 1.2 * dear
        yield {
            "tenure": tenure,
            "plan": plan,
            "charges": round(charges, 2),
            "support_calls": calls,
            "payment": payment,
            "days_since_login": idle,
            "churn": "yes" if random.random() < 1 / (1 + 2.718281828**-risk) else "no",
        }


TEMPLATE = Template(
    name="churn",
    title="Which customers are about to leave",
    mode="real-time",
    origin="4,000 invented customers, made by Keepwell itself on your machine.",
    change="The monthly plan has become a quarter dearer, and its customers mind.",
    world=customers,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(source="data/customers.csv", target="churn", key="customer"),
        train=TrainSpec(metric="roc_auc", budget=20.0),
        gate=GateSpec(min={"roc_auc": 0.7}, latency_ms=5.0),
        monitor=MonitorSpec(window_seconds=None, window_rows=500),
    ),
)
