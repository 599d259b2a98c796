"""The streams: rows in order of time, and what is asked of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
_FLIGHTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream.

    Attributes:
        name: For tables.
        rows: Oldest first.
        target: The column that is predicted.
        about: What the rows are, for the reader.
    """

    name: str
    rows: pd.DataFrame
    target: str
    about: str


def _weather() -> Stream:
    rows = pd.read_csv(DATA / "drift_noaa_weather" / "noaa_weather.csv").drop(columns=["t"])
    return Stream(
        name="weather", rows=rows, target="rain", about="NOAA, days of 1949 to 1999: rain?"
    )


def _occupancy() -> Stream:
    rows = pd.read_csv(DATA / "drift_room_occupancy" / "room_occupancy.csv")
    rows = rows.sort_values("timestamp", kind="stable").drop(columns=["timestamp", "file"])
    return Stream(
        name="occupancy", rows=rows, target="occupancy", about="a room, minute by minute: occupied?"
    )


def _bikes() -> Stream:
    rows = pd.read_csv(DATA / "regression_bike_sharing" / "bike_sharing_hour.csv")
    rows = rows.drop(columns=["timestamp", "casual", "registered"])
    return Stream(name="bikes", rows=rows, target="cnt", about="bikes hired, hours of two years")


def _flights() -> Stream:
    folder = DATA / "events_nycflights13"
    rows = pd.read_parquet(folder / "flights.parquet")
    rows = rows[rows["arr_delay"].notna() & rows["sched_dep_utc"].notna()]
    rows = rows.sort_values("sched_dep_utc", kind="stable")
    rows = rows.iloc[:: max(1, len(rows) // _FLIGHTS)].reset_index(drop=True)
    weather = pd.read_parquet(folder / "weather.parquet").drop(columns=["wind_gust"])
    weather = weather.sort_values("observed_at_utc", kind="stable")
    rows["origin"] = rows["origin"].astype(str)
    weather["origin"] = weather["origin"].astype(str)
    known = rows["sched_dep_utc"] - pd.Timedelta(hours=1)
    rows = pd.merge_asof(
        rows.assign(known=known), weather, left_on="known", right_on="observed_at_utc", by="origin"
    )
    made = pd.DataFrame(
        {
            "carrier": rows["carrier"].astype(str),
            "origin": rows["origin"],
            "dest": rows["dest"].astype(str),
            "distance": rows["distance"].astype(int),
            "hour": rows["sched_dep_utc"].dt.hour,
            "weekday": rows["sched_dep_utc"].dt.weekday,
            **{
                name: rows[name]
                for name in (
                    "temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib",
                )
            },
            "late": (rows["arr_delay"] >= 15).astype(int),
        }
    )  # fmt: skip
    return Stream(
        name="flights",
        rows=made,
        target="late",
        about="one in 16 of the flights that left New York in 2013, with the weather: late?",
    )


STREAMS: dict[str, Callable[[], Stream]] = {
    "weather": _weather,
    "occupancy": _occupancy,
    "bikes": _bikes,
    "flights": _flights,
}
