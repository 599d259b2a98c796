"""Which machines behave oddly."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec


def servers(random: Random, later: bool) -> Iterator[Row]:
    """Yield readings of servers, 2% of them odd; later traffic has doubled."""
    while True:
        requests = max(random.gauss(900 if later else 450, 120), 5)
        cpu = min(8 + requests / 16 + random.gauss(0, 4), 100)
        memory = random.gauss(55, 6)
        latency = 12 + requests / 60 + random.expovariate(1 / 4)
        errors = random.expovariate(1 / 0.3)
        fault = random.random() < 0.02
        if fault and random.random() < 0.5:  # it is busy with something else
            cpu, latency = random.gauss(96, 2), latency * 4
        elif fault:  # it leaks, and what it answers is wrong
            memory, errors = random.gauss(93, 3), random.gauss(25, 8)
        yield {
            "requests_per_second": round(requests, 1),
            "cpu_percent": round(max(min(cpu, 100), 0), 1),
            "memory_percent": round(max(min(memory, 100), 0), 1),
            "latency_ms": round(latency, 1),
            "errors_per_minute": round(max(errors, 0), 2),
        } | ({} if later else {"fault": "yes" if fault else "no"})


TEMPLATE = Template(
    name="anomalies",
    title="Which servers behave oddly",
    mode="real-time",
    origin="4,000 invented readings of servers, 2% of them faulty, made by Keepwell on your machine.",
    change="The traffic has doubled.",
    world=servers,
    outcomes=False,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(source="data/readings.csv", key="reading", labels="fault"),
        train=TrainSpec(task=Task.ANOMALY, metric="average_precision", budget=20.0),
        gate=GateSpec(min={"average_precision": 0.4}),
        monitor=MonitorSpec(window_seconds=None, window_rows=500),
    ),
    notes=(
        "The model never looks at `fault`: it learns what is usual. The column only measures how well it "
        "does; without it, rows that are made up take its place."
    ),
)
