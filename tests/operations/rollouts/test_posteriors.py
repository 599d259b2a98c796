import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.operations.rollouts.posteriors import Rewards, allocation, chances_of_best


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=6), st.floats(0, 1))
def test_shares_add_up_and_nobody_has_less_than_the_minimum(raw: list[float], part: float) -> None:
    chances = {version: value / sum(raw) for version, value in enumerate(raw, 1)}
    explore = part * 100 / len(raw)
    shares = allocation(chances, explore)
    assert sum(shares.values()) == pytest.approx(100)
    assert min(shares.values()) >= explore - 1e-9
    ordered = sorted(chances, key=chances.__getitem__)
    assert sorted(shares, key=shares.__getitem__) == ordered or explore > 99 / len(raw)


def rate(hits: int, rows: int) -> Rewards:
    return Rewards(rows=rows, total=hits, squares=hits, binary=True)


def test_the_better_version_is_believed_in_and_more_so_with_more_rows() -> None:
    few = chances_of_best({1: rate(5, 10), 2: rate(6, 10)}, "seed")
    many = chances_of_best({1: rate(500, 1000), 2: rate(600, 1000)}, "seed")
    assert 0.5 < few[2] < 0.9
    assert many[2] > 0.999
    assert sum(few.values()) == pytest.approx(1)


def test_nothing_is_believed_of_what_has_no_outcome() -> None:
    assert chances_of_best({1: rate(9, 10), 2: Rewards()}, "seed") == {1: 0.5, 2: 0.5}


def test_the_same_seed_draws_the_same() -> None:
    arms = {1: rate(50, 100), 2: rate(52, 100)}
    assert chances_of_best(arms, "a") == chances_of_best(arms, "a")
    assert chances_of_best(arms, "a") != chances_of_best(arms, "b")


def test_rewards_that_are_numbers_have_a_normal_posterior() -> None:
    low = Rewards(rows=100, total=500.0, squares=2600.0, binary=False)
    high = Rewards(rows=100, total=600.0, squares=3700.0, binary=False)
    assert chances_of_best({1: low, 2: high}, "seed")[2] > 0.999
    alike = Rewards(rows=5, total=5.0, squares=5.0, binary=False)
    other = Rewards(rows=5, total=6.0, squares=7.2, binary=False)
    assert 0.05 < chances_of_best({1: alike, 2: other}, "seed")[1] < 0.5


def test_a_bandit_sends_most_traffic_to_the_best_after_some_time() -> None:
    import numpy as np

    random, truth = np.random.default_rng(1), {1: 0.60, 2: 0.50, 3: 0.75}
    hits, rows = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0)
    shares = dict.fromkeys(truth, 100 / 3)
    for round_ in range(20):
        for version, share in shares.items():
            asked = int(3 * share)
            rows[version] += asked
            hits[version] += int(random.binomial(asked, truth[version]))
        arms = {version: rate(hits[version], rows[version]) for version in truth}
        shares = allocation(chances_of_best(arms, str(round_)), explore=5)
    assert shares[3] > 80
    assert min(shares.values()) >= 5
