"""A floor that is learnt from training's own history."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from keepwell.core.records import Column, ColumnType
from keepwell.data.profiles import profile_table
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.detectors.noise import learn_floors
from keepwell.monitoring.drift import compare_columns

COLUMNS = [
    Column(name="season", type=ColumnType.NUMBER),
    Column(name="steady", type=ColumnType.NUMBER),
]


def years(rows: int, seed: int) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    day = np.arange(rows) / 24
    return {
        "season": 10 + 8 * np.sin(2 * np.pi * day / 365) + random.normal(0, 3, rows),
        "steady": random.normal(0, 1, rows),
    }


def test_a_season_is_no_alarm_where_history_knows_it_and_a_shift_is() -> None:
    history = years(24 * 365 * 2, 0)
    table = pa.table(history)
    profile = profile_table(table, COLUMNS)
    arrays = {name: pa.array(values) for name, values in history.items()}
    floors = learn_floors(arrays, profile, 24 * 30)
    assert floors["season"] > 0.3
    assert floors["steady"] < 0.1

    def drifted(month: dict[str, NDArray[np.float64]], known: dict[str, float]) -> set[str]:
        counted = [count_column(one, pa.array(month[one.name])) for one in profile.columns]
        return {one.name for one in compare_columns(counted, floors=known) if one.drifted}

    live = years(24 * 365, 1)
    months = [
        {name: values[start : start + 720] for name, values in live.items()}
        for start in range(0, 24 * 330, 720)
    ]
    assert sum("season" in drifted(month, {}) for month in months) >= 6
    assert [drifted(month, floors) for month in months] == [set()] * len(months)
    moved = {"season": months[0]["season"] + 25, "steady": months[0]["steady"] + 0.6}
    assert drifted(moved, floors) == {"season", "steady"}


def test_a_short_history_is_put_together_from_blocks() -> None:
    history = {name: pa.array(values) for name, values in years(24 * 60, 2).items()}
    profile = profile_table(pa.table(history), COLUMNS)
    floors = learn_floors(history, profile, 24 * 60)
    assert 0 < floors["steady"] < 0.15
    assert floors["season"] < 0.4


def test_too_little_history_knows_nothing() -> None:
    history = {name: pa.array(values) for name, values in years(20, 3).items()}
    profile = profile_table(pa.table(history), COLUMNS)
    assert learn_floors(history, profile, 100) == {}
