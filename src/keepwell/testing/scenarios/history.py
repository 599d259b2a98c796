"""Two years of fruit boxes on their way, of a shipper that does not exist: the data that scenarios use.

Boxes spoil that were picked long ago, travel far, or travel in summer; `weight_kg` and `packing` hardly
matter. `warmth` has a season that the history shows twice; `distance_km` is missing now and then.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROWS = 3000
DAYS = 730
BEGAN = datetime(2028, 1, 3, tzinfo=UTC)
CARRIERS = {"Swift": -0.6, "Bluebird": 0.0, "Oak": 0.5, "Harbour": 0.9}
KNOWN = 0.98
"""Share of the boxes whose way is known."""

PROJECT = """\
project: boxes
data: {source: boxes.csv, target: spoiled, time: booked_at, ignore: [booked_at]}
train: {budget: 30s, folds: 3, repeats: 1, learners: [lightgbm], ensemble: 1, search: {trials: 2}}
serve: {rollout: {steps: [10, 100], hold: 5m}}
monitor:
  window: 1h
  every: 60s
  min_rows: 100
  slices: [carrier]
  period: 1d
  objectives: [{latency_p95_ms: 50}]
loop: {retrain: {on: [drift, performance], cooldown: 1h, min_labels: 200}}
alerts: {rules: [{name: silent, metric: requests, below: 0.001, for: 15m, act: incident}]}
"""


def write_project(folder: Path, seed: int = 0) -> None:
    """Write the project file and its data into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keepwell.yaml").write_text(PROJECT)
    (folder / "boxes.csv").write_text("".join(f"{line}\n" for line in _lines(seed)))


def _lines(seed: int) -> Iterator[str]:
    import numpy as np

    random = np.random.default_rng(seed)
    yield "booked_at,age_days,distance_km,warmth,weight_kg,carrier,packing,spoiled"
    for day in np.sort(random.uniform(0, DAYS, ROWS)):
        age, distance = random.gamma(4, 1.5), random.gamma(3, 40)
        warmth = 10 + 9 * np.sin(2 * np.pi * (day - 110) / 365) + random.normal(0, 3)
        weight = random.lognormal(1, 0.5)
        carrier = random.choice(list(CARRIERS), p=(0.4, 0.3, 0.2, 0.1))
        packing = random.choice(("box", "bag", "crate"))
        score = 1.6 * (age - 6) / 3 + 1.1 * (distance - 120) / 70 + 0.5 * (warmth - 10) / 7
        chance = 1 / (1 + np.exp(-1.6 * (score - 0.3 + CARRIERS[carrier])))
        booked = (BEGAN + timedelta(days=float(day))).isoformat(timespec="seconds")
        spoiled = "yes" if random.random() < chance else "no"
        far = f"{distance:.1f}" if random.random() < KNOWN else ""
        yield f"{booked},{age:.2f},{far},{warmth:.1f},{weight:.2f},{carrier},{packing},{spoiled}"
