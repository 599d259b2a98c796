"""A value deep in a file that its first rows did not announce; samples are made small for the purpose."""

from typing import Any

import pytest

from keepwell.core.errors import ContractError, InvalidDataError
from keepwell.core.records import ColumnType
from keepwell.data.sources import delimited

ROWS = 20_000


@pytest.fixture(autouse=True)
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_HEAD", 1 << 16)
    monkeypatch.setattr(delimited, "_PIECE", 1 << 14)


def deep(world: Any, odd: str, *, name: str = "f.csv", usual: str = "{n}") -> None:
    """Write a file whose column x is as usual, but for one odd value between the places looked at."""
    rows = [f"{usual.format(n=n)},padding-{n:012d}" for n in range(ROWS)]
    rows[ROWS // 3] = f"{odd},y"
    world.write(name, "x,y\n" + "\n".join(rows) + "\n")


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ("1.5", ColumnType.NUMBER),
        ("12345678901234567890", ColumnType.IDENTIFIER),
        ("?", ColumnType.INTEGER),
        ("007", ColumnType.IDENTIFIER),
        ('"1,234"', ColumnType.INTEGER),
        ("forty", ColumnType.TEXT),
    ],
)
def test_a_column_is_widened_to_what_fits_all_rows(world: Any, odd: str, kind: ColumnType) -> None:
    deep(world, odd)
    version = world.ingest("f.csv")
    assert version.rows == ROWS
    assert version.columns[0].type is kind


def test_what_was_widened_to_text_is_reported_with_the_line(world: Any) -> None:
    deep(world, "forty")
    (finding,) = world.ingest("f.csv").findings
    assert f"line {ROWS // 3 + 2:,} of f.csv: 'forty'" in finding.message


def test_another_date_pattern_is_found(world: Any) -> None:
    deep(world, "13/02/2024", usual="05/03/2024")
    version = world.ingest("f.csv")
    assert version.columns[0].type is ColumnType.DATETIME
    assert world.values(version, "x")[0].month == 3


def test_a_type_of_the_contract_is_never_widened(world: Any) -> None:
    world.write("first.csv", "x,y\n1,a\n2,b\n")
    world.ingest("first.csv")
    deep(world, "forty")
    with pytest.raises(ContractError) as caught:
        world.ingest("f.csv")
    (breach,) = caught.value.details["breaches"]
    assert (breach["rule"], breach["column"], breach["count"]) == ("type", "x", 1)
    assert breach["places"][0]["line"] == ROWS // 3 + 2
    assert breach["places"][0]["value"] == "forty"


def test_a_type_of_the_project_file_is_never_widened(world: Any) -> None:
    deep(world, "1.5")
    with pytest.raises(InvalidDataError, match="1 values of 'x' are no integer"):
        world.ingest("f.csv", types={"x": "integer"})
    assert world.datasets.names() == []


def test_a_blank_word_deep_in_a_column_of_the_contract_is_missing(world: Any) -> None:
    world.write("first.csv", "x,y\n1,a\n2,b\n")
    world.ingest("first.csv")
    deep(world, "?")
    version = world.ingest("f.csv")
    assert version.columns[0].nullable
