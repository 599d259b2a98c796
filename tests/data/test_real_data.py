"""Every table of the real data sets, read as its documentation describes it."""

from pathlib import Path
from typing import Any

import pytest

from keepwell.core.records import Column, ColumnType

CATEGORY, TEXT, IDENTIFIER, DATETIME, INTEGER, NUMBER = (
    ColumnType.CATEGORY,
    ColumnType.TEXT,
    ColumnType.IDENTIFIER,
    ColumnType.DATETIME,
    ColumnType.INTEGER,
    ColumnType.NUMBER,
)
TABLES: dict[str, tuple[int, dict[str, ColumnType]]] = {
    "tabular_telco_churn/telco_churn.csv": (
        7043,
        {"customerID": IDENTIFIER, "TotalCharges": NUMBER, "tenure": INTEGER, "Churn": CATEGORY},
    ),
    "tabular_adult_income/adult.csv": (
        48842,
        {"age": INTEGER, "workclass": CATEGORY, "native_country": CATEGORY, "income": CATEGORY},
    ),
    "multiclass_dry_bean/dry_bean.parquet": (13611, {"Area": INTEGER, "Class": CATEGORY}),
    "multiclass_wine_quality/wine_quality.csv": (6497, {"pH": NUMBER, "color": CATEGORY}),
    "regression_california_housing/california_housing.csv": (
        20640,
        {"total_bedrooms": NUMBER, "ocean_proximity": CATEGORY},
    ),
    "regression_bike_sharing/bike_sharing_hour.csv": (
        17379,
        {"timestamp": DATETIME, "hr": INTEGER, "temp": NUMBER, "cnt": INTEGER},
    ),
    "drift_noaa_weather/noaa_weather.csv": (
        18159,
        {"t": IDENTIFIER, "temperature": NUMBER, "rain": INTEGER},
    ),
    "drift_room_occupancy/room_occupancy.csv": (
        20560,
        {"timestamp": DATETIME, "light": NUMBER, "file": CATEGORY},
    ),
    "text_sms_spam/sms_spam.csv": (5574, {"label": CATEGORY, "text": TEXT}),
    "text_sentiment_sentences/sentiment_sentences.csv": (3000, {"text": TEXT, "source": CATEGORY}),
    "fairness_south_german_credit/south_german_credit.csv": (
        1000,
        {"age": INTEGER, "status": CATEGORY, "credit_risk": CATEGORY},
    ),
    "events_nycflights13/airports.csv": (1458, {"faa": IDENTIFIER, "name": TEXT, "lat": NUMBER}),
    "events_nycflights13/planes.csv": (3322, {"tailnum": IDENTIFIER, "model": CATEGORY}),
    "events_nycflights13/flights.parquet": (
        336776,
        {"flight_id": IDENTIFIER, "sched_dep_utc": DATETIME, "tailnum": CATEGORY},
    ),
    "recsys_movietweetings_100k/movies.parquet": (
        10506,
        {"movie_id": IDENTIFIER, "title": TEXT, "genres": CATEGORY},
    ),
    "aiops_nab/nab_windows.csv": (116, {"start": DATETIME, "window_no": INTEGER}),
    "aiops_petshop_rca/issues.csv": (68, {"target_timestamp": DATETIME}),
    "events_feast_credit_and_drivers/driver_stats.parquet": (
        1808,
        {"event_timestamp": DATETIME, "conv_rate": NUMBER},
    ),
}


@pytest.mark.parametrize("path", TABLES)
def test_a_real_table_is_read_as_it_is_described(world: Any, shared_data: Path, path: str) -> None:
    rows, types = TABLES[path]
    version = world.ingest(str(shared_data / path))
    found = {column.name: column.type for column in version.columns}
    assert version.rows == rows
    assert {name: found[name] for name in types} == types
    assert version.findings == ()
    assert world.datasets.read(version).num_rows == rows
    assert world.ingest(str(shared_data / path)) == version


def test_missing_values_are_where_they_were_counted(world: Any, shared_data: Path) -> None:
    version = world.ingest(str(shared_data / "tabular_adult_income/adult.csv"))
    seen = world.datasets.profile(version)
    missing = {item.name: item.missing for item in seen.columns if item.missing}
    assert missing == {"workclass": 2799, "occupation": 2809, "native_country": 857}
    nullable = {column.name for column in version.columns if column.nullable}
    assert nullable == set(missing)


def test_the_second_half_of_a_table_keeps_the_contract_of_the_first(
    world: Any, shared_data: Path
) -> None:
    for path in list(TABLES)[:5]:
        name = Path(path).stem
        if not path.endswith(".csv"):
            continue
        head, *rows = (shared_data / path).read_text().splitlines(keepends=True)
        half = len(rows) // 2
        world.write("a.csv", head + "".join(rows[:half]))
        world.write("b.csv", head + "".join(rows[half:]))
        world.ingest("a.csv", name)
        assert world.ingest("b.csv", name).rows == len(rows) - half


def test_reasons_are_sentences_for_the_reader(world: Any, shared_data: Path) -> None:
    version = world.ingest(str(shared_data / "tabular_telco_churn/telco_churn.csv"))
    reasons: dict[str, Column] = {column.name: column for column in version.columns}
    assert reasons["customerID"].reason == "every one of 7,043 values is different"
    assert reasons["PaymentMethod"].reason == "4 distinct values in 7,043"
    assert all(column.reason for column in version.columns)
