"""A world of small pictures."""

import numpy as np
import pytest
from pictures import encoded, stripes
from training_worlds import World, world_of

from keepwell.core.records import ColumnType


@pytest.fixture(scope="session")
def stripe_world() -> World:
    """Upright and level stripes, with a number that tells nothing."""
    upright = np.arange(60) % 2 == 0
    return world_of(
        {
            "shot": [encoded(stripes(bool(up), seed)) for seed, up in enumerate(upright)],
            "number": np.random.default_rng(0).normal(size=60),
            "label": np.where(upright, "up", "flat"),
        },
        shot=ColumnType.IMAGE,
    )
