import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import Column, ColumnType
from keepwell.data.profiles import profile_table
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.detectors.discoveries import discoveries
from keepwell.monitoring.drift import compare_columns
from keepwell.monitoring.sketches.counted import Counted

COLUMNS = 50


def counted(rows: int, seed: int, shifts: dict[int, float] | None = None) -> list[Counted]:
    columns = [Column(name=f"x{at}", type=ColumnType.NUMBER) for at in range(COLUMNS)]
    past = np.random.default_rng(0).normal(size=(20_000, COLUMNS))
    now = np.random.default_rng(seed).normal(size=(rows, COLUMNS))
    for at, shift in (shifts or {}).items():
        now[:, at] += shift
    names = [column.name for column in columns]
    profile = profile_table(pa.table(list(past.T), names=names), columns)
    return [count_column(one, pa.array(now[:, at])) for at, one in enumerate(profile.columns)]


@pytest.mark.parametrize("rows", [100, 300, 1_000, 10_000])
def test_one_world_raises_no_alarm(rows: int) -> None:
    reports = [report for seed in range(1, 7) for report in compare_columns(counted(rows, seed))]
    assert [report.name for report in reports if report.drifted] == []


@pytest.mark.parametrize(("rows", "shift"), [(200, 0.8), (1_000, 0.5), (10_000, 0.35)])
def test_only_what_moved_is_reported(rows: int, shift: float) -> None:
    reports = compare_columns(counted(rows, 1, {3: shift, 7: -shift}))
    moved = [report for report in reports if report.drifted]
    assert [report.name for report in moved] == ["x3", "x7"]
    assert "higher on average" in moved[0].message
    assert "lower on average" in moved[1].message


def test_a_trifle_is_no_drift_however_certain() -> None:
    report = compare_columns(counted(10_000, 1, {0: 0.1}))[0]
    assert report.p_value < 1e-6
    assert not report.drifted


def test_a_handful_of_rows_decides_nothing() -> None:
    report = compare_columns(counted(50, 1, {0: 5.0}))[0]
    assert report.detector == ""
    assert not report.drifted


def test_importance_makes_severity() -> None:
    shifts = {0: 1.0, 1: 1.0, 2: 1.0}
    weights = {f"x{at}": 0.0 for at in range(COLUMNS)} | {"x0": 0.6, "x1": 0.3}
    first, second, third, *_ = compare_columns(counted(1_000, 1, shifts), importance=weights)
    assert first.severity == pytest.approx(2 * second.severity, rel=0.1)
    assert third.drifted
    assert third.severity == 0


def test_discoveries_are_those_of_the_procedure() -> None:
    assert discoveries([]) == []
    assert discoveries([0.01, 0.02, 0.03, 0.04], rate=0.04) == [True] * 4
    assert discoveries([0.011, 0.9, 0.9, 0.9], rate=0.04) == [False] * 4
    assert discoveries([0.5, 0.001], rate=0.01) == [False, True]


def test_a_rare_category_that_is_gone_is_told_and_one_that_chance_hides_is_not() -> None:
    random = np.random.default_rng(0)
    plans = np.asarray(["basic", "fiber", "5G", "none"])
    shares = np.asarray([0.55, 0.42, 0.02, 0.01])
    table = pa.table({"plan": plans[random.choice(4, 20_000, p=shares)]})
    profile = profile_table(table, [Column(name="plan", type=ColumnType.CATEGORY)]).columns[0]
    now = plans[random.choice(2, 3000, p=[0.567, 0.433])]
    (gone,) = compare_columns([count_column(profile, pa.array(now))])
    assert gone.drifted
    assert gone.message == "category '5G' of `plan` is gone, it was 1.9% of rows"
    (few,) = compare_columns([count_column(profile, pa.array(now[:200]))])
    assert not few.drifted


def test_a_floor_of_history_silences_what_it_has_seen() -> None:
    random = np.random.default_rng(1)
    table = pa.table({"x": random.normal(size=5000)})
    profile = profile_table(table, [Column(name="x", type=ColumnType.NUMBER)]).columns[0]
    counted = count_column(profile, pa.array(random.normal(0.5, 1, 1000)))
    for floor, drifted in ((0.0, True), (0.9, False)):
        (report,) = compare_columns([counted], floors={"x": floor})
        assert report.drifted is drifted
        assert report.limit >= floor
