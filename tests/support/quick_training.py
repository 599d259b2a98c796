"""A training that is soon done, and a small world that it learns from."""

from typing import Any

import numpy as np
from training_worlds import World, world_of

from keepwell.core.spec import DataSpec, SearchSpec, TrainSpec
from keepwell.training import Trained, train

QUICK = TrainSpec(
    budget=20.0, folds=3, learners=("lightgbm", "linear"), search=SearchSpec(trials=2)
)


def learnt(world: World, target: str, spec: TrainSpec = QUICK, **more: Any) -> Trained:
    data = DataSpec(source="", target=target, **more.pop("data", {}))
    return train(*world, data, spec, **more)


def churn_world(rows: int = 400) -> World:
    random = np.random.default_rng(7)
    months = random.integers(1, 60, rows)
    plan = random.choice(["basic", "plus", "pro"], rows)
    odds = -0.06 * months + 1.5 * (plan == "basic") + 0.6 * random.normal(size=rows) + 0.8
    left = np.where(odds > 0, "yes", "no")
    return world_of({"months": months, "plan": plan, "left": left})
