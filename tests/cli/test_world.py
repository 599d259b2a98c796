"""The demo's world: seasons, delayed outcomes, and a change that a frozen model does not survive."""

from statistics import mean

import numpy as np
import pytest

from keepwell.cli.demo.world import LATE, NEWCOMER, RUSH, Parcel, World

CHANGE = 40


@pytest.fixture(scope="module")
def parcels() -> list[Parcel]:
    world = World(seed=5, change_day=CHANGE)
    return [parcel for day in range(60) for parcel in world.day(day)]


def late_share(parcels: list[Parcel]) -> float:
    return mean(parcel.outcome == LATE for parcel in parcels)


def test_the_same_seed_gives_the_same_parcels_in_any_order() -> None:
    one, other = World(seed=3, change_day=9), World(seed=3, change_day=9)
    backwards = [other.day(number) for number in reversed(range(12))]
    assert [one.day(number) for number in range(12)] == backwards[::-1]
    assert World(seed=4, change_day=9).day(0) != one.day(0)


def test_weeks_and_days_have_seasons(parcels: list[Parcel]) -> None:
    by_weekday = [sum(int(p.booked_at) % 7 == day for p in parcels) for day in range(7)]
    assert by_weekday[6] < 0.6 * by_weekday[4]
    by_hour = [sum(p.inputs["hour"] == hour for p in parcels) for hour in range(8, 20)]
    assert by_hour[3] > 3 * by_hour[0]


def test_rush_hours_make_parcels_late_before_the_change(parcels: list[Parcel]) -> None:
    before = [p for p in parcels if p.booked_at < CHANGE]
    rush = late_share([p for p in before if p.inputs["hour"] in RUSH])
    calm = late_share([p for p in before if p.inputs["hour"] not in RUSH])
    assert rush > calm + 0.4


def test_outcomes_are_known_later(parcels: list[Parcel]) -> None:
    delays = [parcel.known_at - parcel.booked_at for parcel in parcels]
    assert 0.3 <= min(delays) < max(delays) <= 1.9
    assert any(int(parcel.known_at) > int(parcel.booked_at) for parcel in parcels)


def test_the_change_shifts_inputs_and_turns_a_relation_round(parcels: list[Parcel]) -> None:
    before = [p for p in parcels if p.booked_at < CHANGE]
    after = [p for p in parcels if p.booked_at >= CHANGE]
    comet = [p for p in after if p.inputs["courier"] == NEWCOMER]
    assert not any(p.inputs["courier"] == NEWCOMER for p in before)
    assert 0.4 < len(comet) / len(after) < 0.5
    rush = late_share([p for p in comet if p.inputs["hour"] in RUSH])
    calm = late_share([p for p in comet if p.inputs["hour"] not in RUSH])
    assert rush < calm - 0.4
    way = [mean(p.inputs["distance_km"] for p in some) for some in (before, after)]
    assert way[1] > way[0] + 0.3


def matrix(parcels: list[Parcel], couriers: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Encode as a model would: one column a value; a courier it does not know is nobody."""
    rows = [
        [
            p.inputs["hour"] in RUSH,
            p.inputs["vehicle"] == "bike",
            p.inputs["district"] in ("Riverside", "Docks"),
            p.inputs["distance_km"],
            p.inputs["rain_mm"],
            p.inputs["on_board"],
            *(p.inputs["courier"] == name for name in couriers),
        ]
        for p in parcels
    ]
    return np.array(rows, dtype=float), np.array([p.outcome == LATE for p in parcels])


def test_a_frozen_model_loses_accuracy_and_a_retrained_one_regains_it(
    parcels: list[Parcel],
) -> None:
    from sklearn.ensemble import ExtraTreesClassifier

    history = [p for p in parcels if p.booked_at < 30]
    quiet = [p for p in parcels if 30 <= p.booked_at < CHANGE]
    seen = [p for p in parcels if CHANGE <= p.booked_at < CHANGE + 8]
    later = [p for p in parcels if p.booked_at >= CHANGE + 8]

    def accuracy(learned: list[Parcel], asked: list[Parcel]) -> float:
        couriers = sorted({p.inputs["courier"] for p in learned})
        forest = ExtraTreesClassifier(60, min_samples_leaf=3, max_features=None, random_state=0)
        return float(forest.fit(*matrix(learned, couriers)).score(*matrix(asked, couriers)))

    before, broken = accuracy(history, quiet), accuracy(history, later)
    healed = accuracy(history + seen, later)
    assert before > 0.85
    assert broken < before - 0.2
    assert healed > broken + 0.2
