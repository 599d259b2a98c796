"""Which machines will fail within a week."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.core.spec import (
    BatchSpec,
    DataSpec,
    GateSpec,
    MonitorSpec,
    ProjectSpec,
    SplitSpec,
    TrainSpec,
)

_MACHINES = 240


def readings(random: Random, later: bool) -> Iterator[Row]:
    """Yield weekly readings of machines; later another oil runs in them: all are warmer, none is worse."""
    while True:
        machine = random.randrange(_MACHINES)
        model = ["P100", "P200", "X7"][machine % 3]
        wear = random.random() ** 2
        hours = int(wear * 4_000 + random.expovariate(1 / 300))
        load = min(max(random.gauss(0.7, 0.15), 0.1), 1.0)
        warmth = 52 + 18 * load + 14 * wear + random.gauss(0, 3) + (9 if later else 0)
        vibration = 1.1 + 2.4 * wear**2 + 0.6 * load + random.expovariate(3)
        pressure = 6.2 - 1.1 * wear + random.gauss(0, 0.25)
        errors = sum(random.random() < 0.15 + 0.5 * wear for _ in range(4))
        risk = -5.4 + 3.2 * wear + 0.9 * vibration + 0.5 * errors + 0.6 * (model == "X7")
        yield {
            "machine": f"{model}-{machine:03d}",
            "model": model,
            "hours_since_service": hours,
            "load": round(load, 2),
            "temperature": round(warmth, 1),
            "vibration_mm_s": round(vibration, 2),
            "pressure_bar": round(pressure, 2),
            "errors_last_week": errors,
            "fails": "yes" if random.random() < 1 / (1 + 2.718281828**-risk) else "no",
        }


TEMPLATE = Template(
    name="predictive-maintenance",
    title="Which machines will fail within a week",
    mode="batch",
    origin="5,000 invented weekly readings of 240 machines, made by Keepwell itself on your machine.",
    change="Another oil runs in all machines: they are 9 degrees warmer, and none the worse for it.",
    world=readings,
    rows=5_000,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(
            source="data/readings.csv", target="fails", key="reading", ignore=("machine",)
        ),
        train=TrainSpec(
            metric="average_precision",
            budget=20.0,
            split=SplitSpec(by="group", column="machine"),
        ),
        gate=GateSpec(min={"average_precision": 0.4}),
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
    notes=(
        "All readings of a machine are on one side of the split (`train: split: by: group`): the model is "
        "measured on machines that it never met, not on ones that it remembers."
    ),
)
