from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.records import Column, ColumnType
from keepwell.data.inference import infer_columns
from keepwell.data.sources import open_source

BIG = ["12345678901234567890", "22345678901234567890", "32345678901234567890"]


def column_of(tmp_path: Path, values: list[str], name: str = "x") -> Column:
    """Write a column of the values, a hundred rows, and return what it is taken for."""
    rows = [values[row % len(values)].replace('"', '""') for row in range(100)]
    body = "".join(f'"{value}",y\n' for value in rows)
    (tmp_path / "f.csv").write_text(f"{name},other\n{body}")
    return infer_columns(open_source("f.csv", tmp_path))[0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "-3"], ColumnType.INTEGER),
        (["1", "2.5", ""], ColumnType.NUMBER),
        (["1e3", "2.5"], ColumnType.NUMBER),
        (["41.0", "39.0"], ColumnType.NUMBER),
        (["true", "FALSE", "True"], ColumnType.BOOLEAN),
        (["Yes", "No"], ColumnType.CATEGORY),
        (["0", "1"], ColumnType.INTEGER),
        (["2024-02-13", "2023-01-01"], ColumnType.DATETIME),
        (["2024-02-13 10:11:12", "2024-02-13T10:11"], ColumnType.DATETIME),
        (["2024-02-13T10:11:12Z", "2024-02-13T10:11:12+02:00"], ColumnType.DATETIME),
        (["13.02.2024", "01.12.2023"], ColumnType.DATETIME),
        (["13.02.24", "01.12.23"], ColumnType.DATETIME),
        (["02/13/2024", "12/01/2023"], ColumnType.DATETIME),
        (["13/02/2024 10:15", "01/12/2023 23:59:59"], ColumnType.DATETIME),
        (["Feb 3, 2024", "Dec 13, 2023"], ColumnType.DATETIME),
        (["3 Feb 2024", "13-Dec-2023"], ColumnType.CATEGORY),
        (["02/13/2024 1:05 PM"], ColumnType.DATETIME),
        ([f"202401{day:02d}" for day in range(1, 29)], ColumnType.DATETIME),
        (["20240101", "20249999"], ColumnType.INTEGER),
        (["1,234", "2,345,678"], ColumnType.INTEGER),
        (["1,234.5", "12.25"], ColumnType.NUMBER),
        (["1.234,5", "12,25"], ColumnType.NUMBER),
        (["1'234.5", "12.25"], ColumnType.NUMBER),
        (["1 234,5", "12,25"], ColumnType.NUMBER),
        (["1.234.567", "234"], ColumnType.INTEGER),
        (["01234", "56789"], ColumnType.CATEGORY),
        (BIG, ColumnType.CATEGORY),
        (["0x1F", "0x2F"], ColumnType.CATEGORY),
        (["1_000", "2_000"], ColumnType.CATEGORY),
        (["infinity", "2024-01-01"], ColumnType.CATEGORY),
        (["24-02-13", "24-02-14"], ColumnType.CATEGORY),
        ([""], ColumnType.CATEGORY),
    ],
)
def test_a_type_is_what_fits_every_value(
    tmp_path: Path, values: list[str], kind: ColumnType
) -> None:
    assert column_of(tmp_path, values).type is kind


@pytest.mark.parametrize("word", ["?", "-", "n/a", "None", " ", "--"])
def test_blank_words_among_numbers_are_missing(tmp_path: Path, word: str) -> None:
    column = column_of(tmp_path, ["1.5", word, "7"])
    assert (column.type, column.nullable) == (ColumnType.NUMBER, True)


@pytest.mark.parametrize("word", ["?", "-", "None"])
def test_blank_words_among_categories_are_categories(tmp_path: Path, word: str) -> None:
    column = column_of(tmp_path, ["red", word, "green"])
    assert (column.type, column.nullable) == (ColumnType.CATEGORY, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("13.02.2024", datetime(2024, 2, 13)),
        ("02/13/2024", datetime(2024, 2, 13)),
        ("2024-02-13T10:11:12.5", datetime(2024, 2, 13, 10, 11, 12, 500000)),
        ("2024-02-13T10:00:00+02:00", datetime(2024, 2, 13, 8, tzinfo=UTC)),
        ("02/13/2024 1:05 PM", datetime(2024, 2, 13, 13, 5)),
        ("13-Feb-2024", datetime(2024, 2, 13)),
        ("1.234,5", 1234.5),
        ("1'234", 1234),
        ("1,234,567", 1234567),
        ("1\u00a0234,5", 1234.5),
        ("-12,5", -12.5),
        (" 5 ", 5),
        ("1e3", 1000.0),
        ("TRUE", True),
    ],
)
def test_a_value_is_read_as_it_is_meant(world: Any, text: str, value: Any) -> None:
    world.write("f.csv", "x,y\n" + f'"{text}",1\n' * 5)
    version = world.ingest("f.csv")
    assert world.values(version, "x") == [value] * 5


def test_dates_of_several_formats_stay_text_and_are_reported(world: Any) -> None:
    days = [f"{day:02d}" for day in range(1, 29)]
    rows = [f"{form}" for d in days for form in (f"2024-01-{d}", f"{d}.02.2024", f"03/{d}/2024")]
    world.write("f.csv", "x,y\n" + "".join(f"{row},1\n" for row in rows))
    version = world.ingest("f.csv")
    assert version.columns[0].type in (ColumnType.TEXT, ColumnType.CATEGORY)
    (finding,) = version.findings
    assert (finding.column, finding.rule) == ("x", "mixed formats")
    assert "%d.%m.%Y" in finding.message


def test_days_and_months_that_could_be_swapped_are_reported(world: Any) -> None:
    world.write("f.csv", "x,y\n" + "".join(f"0{d}/0{d % 9 + 1}/2024,1\n" for d in range(1, 10)))
    version = world.ingest("f.csv")
    (finding,) = version.findings
    assert finding.rule == "ambiguous dates"
    assert "month first" in finding.message


def test_a_format_in_the_contract_settles_the_order_of_day_and_month(world: Any) -> None:
    world.write("f.csv", "x,y\n" + "".join(f"0{d}/0{d % 9 + 1}/2024,1\n" for d in range(1, 10)))
    world.write(
        "d.yaml", "columns:\n  x: {type: datetime, format: '%d/%m/%Y'}\n  y: {type: integer}\n"
    )
    version = world.ingest("f.csv")
    assert world.values(version, "x")[0] == datetime(2024, 2, 1)
    assert version.findings == ()


def test_a_few_words_among_numbers_are_reported(world: Any) -> None:
    world.write("f.csv", "x,y\n" + "".join(f"{n},1\n" for n in range(500)) + "forty,1\n")
    version = world.ingest("f.csv")
    assert version.columns[0].type is ColumnType.TEXT
    (finding,) = version.findings
    assert (finding.rule, "'forty'" in finding.message) == ("mixed types", True)


def test_every_reason_is_kept(tmp_path: Path) -> None:
    assert column_of(tmp_path, ["1,234.5", "2"]).reason == "numbers written like 1,234.5"
    assert "leading zeros" in column_of(tmp_path, ["0123", "4567"]).reason
    assert column_of(tmp_path, ["red", "green"]).reason == "2 distinct values in 100"
    assert "count as missing" in column_of(tmp_path, ["1", "?"]).reason
