"""Harbour Parcels, a courier service that does not exist: a stream of parcels, a seed and a change.

A parcel is known when it is booked; whether it came late is known a day or two later, when the
recipient confirms. Days have rush hours, weeks have quiet Sundays, weather comes and goes. On the day
of the change the bridge closes (a detour for vans, none for bikes) and a new courier, Comet, takes
over almost half of the parcels: well staffed in the rush hours, thinly outside of them. So what made
a parcel late before makes some come on time now.

    >>> world = World(seed=1, change_day=40)
    >>> parcel = world.day(0)[0]
    >>> parcel.inputs["courier"] in COURIERS
    True
    >>> parcel.known_at > parcel.booked_at
    True
"""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

EPOCH = datetime(2030, 1, 7, tzinfo=UTC)  # a Monday, and plainly not today
DISTRICTS = ("Old Town", "Hillside", "University", "Riverside", "Docks", "Gardens")
ACROSS_THE_RIVER = frozenset({"Riverside", "Docks"})
COURIERS = ("Swift", "Bluebird", "Oak & Sons")
NEWCOMER = "Comet"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
VOLUME = (1.0, 0.95, 1.0, 1.05, 1.15, 0.75, 0.45)  # by weekday
HOURS = (2, 5, 9, 9, 6, 5, 5, 6, 8, 9, 7, 3)  # parcels booked from 8 to 19 o'clock, relative
RUSH = frozenset({9, 10, 11, 16, 17, 18})
LATE, ON_TIME = "late", "on time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One parcel. Times are days since the world began; nobody knows `outcome` before `known_at`."""

    id: str
    booked_at: float
    inputs: dict[str, Any]
    outcome: str
    known_at: float

    def question(self) -> dict[str, Any]:
        """Return what is known of the parcel when it is booked."""
        booked = moment(self.booked_at).isoformat(timespec="seconds")
        return {"parcel_id": self.id, "booked_at": booked, **self.inputs}

    def row(self) -> dict[str, Any]:
        """Return the parcel as history tells it."""
        return {**self.question(), "delivery": self.outcome}


def moment(day: float) -> datetime:
    """Return the simulated time of day `day`."""
    return EPOCH + timedelta(days=day)


class World:
    """The same seed gives the same parcels, whichever days are asked for, and in whichever order."""

    def __init__(self, *, seed: int, change_day: int, per_day: int = 220) -> None:
        self.seed = seed
        self.change_day = change_day
        self.per_day = per_day

    def day(self, number: int) -> list[Parcel]:
        """Return the parcels booked on one day, in the order of booking."""
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311 (a simulation)
        count = round(self.per_day * VOLUME[number % 7] * chance.uniform(0.92, 1.08))
        hours = sorted(8 + _pick(chance, HOURS) + chance.random() for _ in range(count))
        return [
            self._parcel(chance, f"P{number:04d}{place:04d}", number, hour)
            for place, hour in enumerate(hours)
        ]

    def rain(self, number: int, hour: int) -> float:
        """Return the rain of an hour in millimetres: showers on some days, more of them in season."""
        mood = random.Random(f"{self.seed}/day/{number}").uniform(0.1, 0.4)  # noqa: S311
        shower = random.Random(f"{self.seed}/hour/{number}/{hour}")  # noqa: S311
        season = 0.05 * math.sin(2 * math.pi * number / 90)
        if shower.random() > mood + season:
            return 0.0
        return round(shower.gammavariate(2, 4), 1)

    def _parcel(self, chance: random.Random, name: str, number: int, clock: float) -> Parcel:
        changed = number >= self.change_day
        hour = int(clock)
        district = chance.choice(DISTRICTS)
        courier = COURIERS[_pick(chance, (5, 3, 2))]
        if changed and chance.random() < 0.45:  # noqa: PLR2004
            courier = NEWCOMER
        vehicle = "bike" if chance.random() < 0.4 else "van"  # noqa: PLR2004
        distance = chance.gammavariate(4, 1.3) + (1.5 if district in ACROSS_THE_RIVER else 0.0)
        if changed and district in ACROSS_THE_RIVER and vehicle == "van":
            distance += 3.5  # the detour
        inputs = {
            "hour": hour,
            "weekday": WEEKDAYS[number % 7],
            "district": district,
            "courier": courier,
            "vehicle": vehicle,
            "distance_km": round(distance, 1),
            "weight_kg": round(chance.lognormvariate(0.9, 0.6), 1),
            "on_board": max(1, round(chance.gauss(14, 4))),
            "rain_mm": self.rain(number, hour),
        }
        late = chance.random() < _risk(Situation(inputs=inputs, bridge_closed=changed))
        booked = number + clock / 24
        return Parcel(
            id=name,
            booked_at=booked,
            inputs=inputs,
            outcome=LATE if late else ON_TIME,
            known_at=booked + chance.uniform(0.3, 1.5) + (0.4 if late else 0.0),
        )


@dataclass(frozen=True)
class Situation:
    """What decides whether a parcel comes late: its inputs, and the state of the world."""

    inputs: dict[str, Any]
    bridge_closed: bool

    @cached_property
    def rush(self) -> float:
        """Rush hours delay everybody but the newcomer, who is staffed for them and for nothing else."""
        busy = 1.0 if self.inputs["hour"] in RUSH else -1.0
        return -1.3 * busy if self.inputs["courier"] == NEWCOMER else busy

    @cached_property
    def way(self) -> float:
        """Long ways take long; across the river, a closed bridge stops vans and leaves bikes alone."""
        far = (float(self.inputs["distance_km"]) - 5.5) / 2.5
        if not self.bridge_closed or self.inputs["district"] not in ACROSS_THE_RIVER:
            return far
        return 2.0 if self.inputs["vehicle"] == "van" else -1.5

    @cached_property
    def weather(self) -> float:
        """Rain slows bikes."""
        return float(self.inputs["rain_mm"]) / 6 if self.inputs["vehicle"] == "bike" else 0.0


def _risk(now: Situation) -> float:
    """Return the probability that a parcel comes late."""
    load = (float(now.inputs["on_board"]) - 14) / 4 + (float(now.inputs["weight_kg"]) - 3) / 8
    score = -0.6 + 2.6 * now.rush + 1.6 * now.way + 1.4 * now.weather + 0.7 * load
    return 1 / (1 + math.exp(-1.4 * score))


def _pick(chance: random.Random, weights: tuple[int, ...]) -> int:
    return chance.choices(range(len(weights)), weights)[0]
