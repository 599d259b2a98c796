"""How much each shop will sell on each of the next days."""

import math
from collections.abc import Iterator
from datetime import date, timedelta
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

_SHOPS = {"north": 120.0, "harbour": 200.0, "mall": 320.0}
_START = date(2025, 1, 1)
_DAYS, _AHEAD = 500, 14


def sales(random: Random, later: bool) -> Iterator[Row]:
    """Yield a row per day and shop; later, the days that are asked for."""
    first, days = (_DAYS, _AHEAD) if later else (0, _DAYS)
    for number in range(first, first + days):
        day = _START + timedelta(days=number)
        for shop, level in _SHOPS.items():
            campaign = random.random() < 0.1
            row: Row = {"day": day.isoformat(), "shop": shop, "campaign": int(campaign)}
            if not later:
                week = [0.8, 0.85, 0.9, 1.0, 1.2, 1.5, 0.4][day.weekday()]
                year = 1 + 0.15 * math.sin(2 * math.pi * (number - 80) / 365)
                sold = level * week * year * (1.3 if campaign else 1.0) * (1 + number / 4_000)
                row["sold"] = round(sold * random.lognormvariate(0, 0.07))
            yield row


TEMPLATE = Template(
    name="forecast",
    title="How much each shop will sell on each of the next 14 days",
    mode="batch",
    origin="500 invented days of three shops, made by Keepwell itself on your machine.",
    change="They are the next 14 days of each shop, with the campaigns that are planned.",
    world=sales,
    rows=_DAYS * len(_SHOPS),
    later=_AHEAD * len(_SHOPS),
    outcomes=False,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(source="data/sales.csv", target="sold", key="shop", time="day"),
        train=TrainSpec(
            task=Task.FORECAST, metric="mae", budget=20.0, horizon=_AHEAD, known=("campaign",)
        ),
        gate=GateSpec(min={"wape": 0.2}),
        monitor=MonitorSpec(window_seconds=None, window_rows=42, min_rows=30),
        batch=(
            BatchSpec(
                name="daily",
                source="data/later.csv",
                output="scored/{date}.csv",
                schedule="0 4 * * *",
                log=True,
            ),
        ),
    ),
    notes=(
        "`keepwell runs show latest` holds the plot `backtest`: what would have been forecast in the past, "
        "beside what came, and beside the seasonal-naive forecast that repeats last week."
    ),
)
