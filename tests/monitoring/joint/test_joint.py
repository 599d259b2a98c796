"""Rows and texts, told apart by a classifier."""

import numpy as np
import pyarrow as pa

from keepwell.monitoring.joint import compare_rows, compare_texts
from keepwell.monitoring.joint.telling import area, chance

TOPICS = {
    "bank": ["account", "card", "transfer", "money", "branch", "loan", "fee", "balance"],
    "trip": ["flight", "hotel", "beach", "ticket", "airport", "luggage", "island", "cruise"],
}


def pair(rows: int, seed: int, sign: float) -> dict[str, pa.Array]:
    """Draw two columns, each the same in every world, that go together one way or the other."""
    random = np.random.default_rng(seed)
    first = random.normal(size=rows)
    second = sign * 0.9 * first + np.sqrt(1 - 0.81) * random.normal(size=rows)
    plan = random.choice(["basic", "fiber"], rows)
    return {"a": pa.array(first), "b": pa.array(second), "plan": pa.array(plan)}


def texts(topic: str, rows: int, seed: int, length: int = 8) -> pa.Array:
    random = np.random.default_rng(seed)
    return pa.array([" ".join(random.choice(TOPICS[topic], length)) for _ in range(rows)])


def test_columns_that_go_together_otherwise_are_found() -> None:
    found = compare_rows(pair(1200, 0, 1.0), pair(800, 1, -1.0))
    assert found is not None
    assert found.drifted
    assert found.effect > 0.8
    assert {name for name, _ in found.columns[:2]} == {"a", "b"}


def test_the_same_world_is_not_told_apart() -> None:
    for seed in range(3):
        found = compare_rows(pair(800, 10 + seed, 1.0), pair(600, 20 + seed, 1.0), floor=0.5)
        assert found is not None
        assert not found.drifted
        assert abs(found.effect - 0.5) < 0.07


def test_rows_of_a_slow_walk_raise_the_floor() -> None:
    random = np.random.default_rng(5)
    walk = np.cumsum(random.normal(0, 1, 2400))
    found = compare_rows({"x": pa.array(walk[:1600])}, {"x": pa.array(walk[1600:])})
    assert found is not None
    assert found.floor > 0.7


def test_a_season_that_training_saw_is_told_from_the_rest_by_training_itself() -> None:
    random = np.random.default_rng(6)
    day = np.linspace(0, 730, 1600)
    warmth = 10 * np.sin(2 * np.pi * day / 365) + random.normal(0, 2, len(day))
    summer = warmth[160:320]  # what a live window of a season holds
    rest = {"x": pa.array(random.normal(size=1600))}
    live = {"x": pa.array(random.normal(size=160)), "warmth": pa.array(summer)}
    found = compare_rows({**rest, "warmth": pa.array(warmth)}, live)
    assert found is not None
    assert found.effect > 0.7
    assert not found.drifted


def test_too_few_rows_and_names_alone_say_nothing() -> None:
    assert compare_rows(pair(50, 0, 1.0), pair(800, 1, 1.0)) is None
    names = {"name": pa.array([f"customer {at}" for at in range(300)])}
    assert compare_rows(names, names) is None


def test_texts_on_another_topic_are_found_and_put_into_words() -> None:
    found = compare_texts("note", texts("bank", 300, 0), texts("trip", 300, 1, length=12))
    assert found is not None
    assert found.drifted
    assert found.effect > 0.95
    assert found.message.startswith("texts of `note` read otherwise than in training; they are ")
    assert "longer" in found.message
    assert "100% of their words are new" in found.message


def test_texts_on_the_same_topic_are_not() -> None:
    for seed in range(3):
        found = compare_texts("note", texts("bank", 400, seed), texts("bank", 300, 50 + seed))
        assert found is not None
        assert not found.drifted


def test_the_area_is_scipys() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(0)
    worlds = (random.random(500) < 0.3).astype(float)
    scores = np.round(random.normal(worlds, 1), 1)
    assert area(scores, worlds) == roc_auc_score(worlds, scores)
    assert area(scores, np.zeros(500)) == 0.5
    assert 0.02 < chance(150, 350) < 0.04
