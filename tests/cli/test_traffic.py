from typing import Any

from keepwell.cli.demo.client import Answer
from keepwell.cli.demo.traffic import Traffic
from keepwell.cli.demo.world import World


class Diary:
    """Answers every parcel with `late`, and writes down what it was asked and told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.batches: list[int] = []
        self.told: list[dict[str, Any]] = []

    def predict(self, instances: list[dict[str, Any]]) -> Answer:
        first = len(self.asked)
        self.asked += instances
        self.batches.append(len(instances))
        ids = [str(first + place) for place in range(len(instances))]
        return Answer(["late"] * len(instances), ids, 3)

    def feedback(self, outcomes: list[dict[str, Any]]) -> dict[str, int]:
        self.told += outcomes
        return {"accepted": len(outcomes)}


def on_time(instances: list[dict[str, Any]]) -> list[str]:
    return ["on time"] * len(instances)


def test_parcels_are_asked_about_once_and_told_about_when_known() -> None:
    world, diary = World(seed=2, change_day=99), Diary()
    traffic = Traffic(world, diary, on_time, start=5)
    for day in (5.5, 6.0, 7.25, 8.0):
        traffic.advance(day)
        known = [
            p for d in range(5, 8) for p in world.day(d) if p.known_at <= day and p.booked_at < day
        ]
        assert len(diary.told) == len(known) == traffic.told
    booked = [parcel for day in range(5, 8) for parcel in world.day(day)]
    assert diary.asked == [parcel.question() for parcel in booked]
    assert traffic.asked == len(booked)
    assert traffic.version == 3
    outcomes = {told["prediction_id"]: told["outcome"] for told in diary.told}
    assert len(outcomes) == len(diary.told)
    assert all(booked[int(name)].outcome == outcome for name, outcome in outcomes.items())


def test_both_models_are_scored_over_the_same_parcels() -> None:
    traffic = Traffic(World(seed=2, change_day=99), Diary(), on_time, start=0)
    traffic.advance(7.0)
    score = traffic.ledger.over(0, 7)
    assert score is not None
    assert abs(score.served + score.frozen - 1) < 1e-9


def test_half_an_hour_goes_in_one_request() -> None:
    diary = Diary()
    Traffic(World(seed=2, change_day=99), diary, on_time, start=0).advance(1.0)
    assert 12 < len(diary.batches) <= 24
