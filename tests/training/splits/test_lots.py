"""Test rows stay test rows, whatever is loaded beside them."""

import numpy as np
import pyarrow as pa
import pytest

from keepwell.training.splits.lots import row_lots


def people(count: int) -> pa.Table:
    random = np.random.default_rng(1)
    return pa.table(
        {
            "name": [f"P{number}" for number in range(count)],
            "age": random.integers(0, 90, count),
            "plan": random.choice(["a", "b"], count),
        }
    )


@pytest.mark.parametrize("key", ["", "name"])
def test_a_row_keeps_its_lot_when_others_come_and_the_order_changes(key: str) -> None:
    table = people(500)
    before = row_lots(table.slice(0, 400), key, seed=0)
    shuffled = np.random.default_rng(2).permutation(500)
    after = row_lots(table.take(shuffled), key, seed=0)
    assert after[np.argsort(shuffled)][:400].tolist() == before.tolist()


def test_lots_are_uniform_and_another_seed_draws_others() -> None:
    table = people(20_000)
    lots = row_lots(table, "", seed=0)
    counts = np.histogram(lots, bins=10, range=(0, 1))[0]
    assert abs(counts - 2000).max() < 200
    assert abs(np.corrcoef(lots, row_lots(table, "", seed=1))[0, 1]) < 0.03


def test_copies_of_a_row_draw_lots_of_their_own() -> None:
    table = pa.table({"coin": ["heads", "tails"] * 5000})
    lots = row_lots(table, "", seed=0)
    heads = np.arange(10_000) % 2 == 0
    assert abs((lots[heads] < 0.2).mean() - 0.2) < 0.02
    assert abs((lots[~heads] < 0.2).mean() - 0.2) < 0.02
