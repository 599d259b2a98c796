"""Which payments are fraud."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.core.spec import (
    DataSpec,
    FlagsSpec,
    GateSpec,
    MonitorSpec,
    ProjectSpec,
    ServeSpec,
    TrainSpec,
)

_GOODS = ["groceries", "travel", "electronics", "clothes", "games", "gift cards"]


def payments(random: Random, later: bool) -> Iterator[Row]:
    """Yield payments; later the fraud is many small amounts on gift cards instead of a few large ones."""
    while True:
        fraud = random.random() < 0.04
        goods = random.choices(_GOODS, [8, 2, 3, 4, 2, 1])[0]
        amount = random.lognormvariate(3.3, 0.9)
        hour = int(min(max(random.gauss(14, 4), 0), 23))
        distance = random.expovariate(1 / 15)
        attempts = 1 if random.random() < 0.95 else 2
        age = random.expovariate(1 / 700)
        clumsy = fraud and random.random() < 0.75  # the rest looks like anybody's payment
        if clumsy and not later:
            goods = random.choices(_GOODS, [1, 3, 8, 1, 1, 1])[0]
            amount, distance = random.lognormvariate(5.2, 0.8), random.expovariate(1 / 350)
            hour, attempts = random.choice([0, 1, 2, 3, 4, 22, 23]), random.choice([1, 2, 2, 3, 4])
        elif clumsy:
            goods = random.choices(_GOODS, [1, 0, 1, 0, 3, 9])[0]
            amount, attempts = random.lognormvariate(2.3, 0.3), random.choice([2, 3, 4, 5, 6])
            age = random.expovariate(1 / 60)
        yield {
            "amount": round(amount, 2),
            "goods": goods,
            "hour": hour,
            "distance_km": round(distance, 1),
            "attempts_last_hour": attempts,
            "card_age_days": int(age),
            "fraud": "yes" if fraud else "no",
        }


TEMPLATE = Template(
    name="fraud",
    title="Which payments are fraud",
    mode="real-time",
    origin="8,000 invented payments, 4% of them fraud, made by Keepwell itself on your machine.",
    change="The fraud is another: many small amounts on gift cards instead of a few large ones.",
    world=payments,
    rows=8_000,
    later=3_000,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(source="data/payments.csv", target="fraud", key="payment"),
        train=TrainSpec(metric="average_precision", budget=20.0),
        gate=GateSpec(min={"average_precision": 0.5}, latency_ms=5.0),
        serve=ServeSpec(flags=FlagsSpec(fallback=("previous", '"no"'), limit=2.0)),
        monitor=MonitorSpec(window_seconds=None, window_rows=1_000),
    ),
    notes=(
        "Fraud is rare, so accuracy says nothing: a model that never cries fraud is right 96 times of "
        "100. `average_precision` asks how many of the payments that look worst are fraud.\n\n"
        "A payment cannot wait. If the model fails or takes longer than two seconds, the version before "
        "answers, and after that a constant: see `serve: fallback:` in `keepwell.yaml`."
    ),
)
