"""What a house will sell for."""

import math
from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec

_DISTRICTS = {
    "Harbour": 1.25,
    "Old Town": 1.35,
    "Hill": 1.1,
    "Mills": 0.85,
    "Meadow": 0.95,
    "East": 0.8,
}
_ENERGY = {"A": 1.08, "B": 1.04, "C": 1.0, "D": 0.97, "E": 0.93, "F": 0.88}


def houses(random: Random, later: bool) -> Iterator[Row]:
    """Yield houses that were sold; later the Harbour and the Mills have become fashionable."""
    while True:
        district = random.choice(list(_DISTRICTS))
        area = round(min(max(random.lognormvariate(4.6, 0.35), 25), 400), 1)
        rooms = max(1, round(area / 28 + random.gauss(0, 0.7)))
        built = random.randint(1900, 2024)
        energy = random.choice(list(_ENERGY))
        garden = random.random() < (0.2 if district in ("Harbour", "Old Town") else 0.6)
        condition = random.choice(["poor", "fair", "good", "new"])
        worth = 2_900 * area**0.93 * _DISTRICTS[district] * _ENERGY[energy]
        worth *= {"poor": 0.82, "fair": 0.95, "good": 1.05, "new": 1.15}[condition]
        worth *= 1 + 0.06 * garden + 0.15 * math.exp(-((built - 2024) ** 2) / 900)
        if later and district in ("Harbour", "Mills"):
            worth *= 1.3
        yield {
            "district": district,
            "area_m2": area,
            "rooms": rooms,
            "built": built,
            "energy": energy,
            "garden": "yes" if garden else "no",
            "condition": condition,
            "price": round(worth * random.lognormvariate(0, 0.08), -2),
        }


TEMPLATE = Template(
    name="house-prices",
    title="What a house will sell for",
    mode="real-time",
    origin="4,000 invented sales, made by Keepwell itself on your machine.",
    change="Two districts have become fashionable: prices there are 30% higher.",
    world=houses,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(source="data/houses.csv", target="price", key="sale"),
        train=TrainSpec(metric="mae", budget=20.0),
        gate=GateSpec(min={"r2": 0.8}, latency_ms=5.0),
        monitor=MonitorSpec(window_seconds=None, window_rows=500),
    ),
)
