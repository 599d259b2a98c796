"""Small worlds to learn from."""

import numpy as np
import pytest
from training_worlds import Listener, World, world_of


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def churn() -> World:
    """Two classes, one number and one category that tell, one number that does not; 400 rows."""
    random = np.random.default_rng(7)
    rows = 400
    months = random.integers(1, 60, rows)
    plan = random.choice(["basic", "plus", "pro"], rows)
    noise = random.normal(size=rows)
    odds = -0.06 * months + 1.5 * (plan == "basic") + 0.6 * random.normal(size=rows) + 0.8
    left = np.where(odds > 0, "yes", "no")
    return world_of({"months": months, "plan": plan, "noise": noise, "left": left})


@pytest.fixture
def prices() -> World:
    """A number to predict from two numbers and a category; 400 rows."""
    random = np.random.default_rng(8)
    rows = 400
    area = random.uniform(20, 200, rows)
    age = random.integers(0, 80, rows)
    city = random.choice(["north", "south"], rows)
    price = 3.0 * area - 1.1 * age + 60.0 * (city == "south") + 8 * random.normal(size=rows) + 250
    return world_of({"area": area, "age": age, "city": city, "price": price})
