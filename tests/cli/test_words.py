"""The small functions that commands are made of."""

from pathlib import Path

import pytest

from keepwell.cli.commands.data import number
from keepwell.cli.commands.feedback import label
from keepwell.cli.commands.init import seen_from
from keepwell.cli.commands.up import curl_line, in_the_way
from keepwell.cli.first_look import find_key, find_time, project_name, unknown_column
from keepwell.core.errors import BusyError, UsageError
from keepwell.core.records import Column, ColumnType, Field, Signature, Task
from keepwell.operations.serving.presence import Address


def columns(**types: ColumnType) -> list[Column]:
    return [Column(name=name, type=kind) for name, kind in types.items()]


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        ("a.csv", "../a.csv"),
        ("shop/a.csv", "a.csv"),
        ("/x/a.csv", "/x/a.csv"),
        ("s3://b/a", "s3://b/a"),
    ],
)
def test_a_relative_path_is_told_from_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, seen: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert seen_from(tmp_path / "shop", data) == seen


def test_the_identifier_that_is_called_one_is_the_key() -> None:
    identifier = ColumnType.IDENTIFIER
    assert find_key(columns(hash=identifier, customerID=identifier)) == "customerID"
    assert find_key(columns(hash=identifier, age=ColumnType.INTEGER)) == "hash"
    assert find_key(columns(hash=identifier, code=identifier)) == ""


def test_the_time_is_when_it_happened_and_no_birthday() -> None:
    date = ColumnType.DATETIME
    assert find_time(columns(birth_date=date, booked_at=date)) == "booked_at"
    assert find_time(columns(date_of_birth=date)) == ""
    assert find_time(columns(period=date)) == "period"
    assert find_time(columns(first=date, second=date)) == ""


@pytest.mark.parametrize(
    ("folder", "name"),
    [("churn", "churn"), ("Telco Churn (2024)", "telco-churn-2024"), ("…", "project")],
)
def test_a_project_is_called_like_its_folder(folder: str, name: str) -> None:
    assert project_name(Path("/x") / folder) == name


def test_an_unknown_column_comes_with_the_one_that_was_meant() -> None:
    error = unknown_column("telco.csv", "target", "Chrun", ["tenure", "Churn"])
    assert error.what == "telco.csv has no column 'Chrun'"
    assert error.now == "did you mean 'Churn'?"


def test_versions_are_numbers_with_or_without_a_v() -> None:
    assert (number("2"), number("v3")) == (2, 3)
    with pytest.raises(UsageError, match="not a version"):
        number("two")


@pytest.mark.parametrize(
    ("classes", "told", "meant"),
    [
        (("no", "yes"), "Yes ", "yes"),
        ((0, 1), "1", 1),
        ((False, True), "true", True),
        (("no", "yes"), "maybe", "maybe"),
        ((), "12.5", 12.5),
        ((), "many", "many"),
        ((0, 1), 1, 1),
    ],
)
def test_outcomes_in_files_become_what_the_model_says(
    classes: tuple[str | int, ...], told: object, meant: object
) -> None:
    task = Task.BINARY if classes else Task.REGRESSION
    signature = Signature(
        task=task, target="y", inputs=(Field(name="x", type=ColumnType.NUMBER),), classes=classes
    )
    assert label(told, signature) == meant


def test_the_curl_line_shows_where_a_token_goes() -> None:
    line = curl_line("http://h/predict", {"tenure": 3}, secured=True)
    assert '-H "authorization: Bearer $TOKEN"' in line


def test_the_curl_line_survives_a_shell() -> None:
    line = curl_line("http://h/predict", {"it's": 1})
    assert '\'{"instances": [{"it\'"\'"\'s": 1}]}\'' in line


def test_who_serves_already_is_told_where_and_who_finds_the_port_taken_takes_another() -> None:
    address = Address(host="127.0.0.1", port=4400)
    busy = BusyError("at work", why="a lock", now="wait", details={"pid": 1})
    assert in_the_way(busy, address).now == "it is served: open http://127.0.0.1:4400\nwait"
    taken = BusyError("port 4400 is taken", details={"free": 4401})
    assert in_the_way(taken, address).now == "keepwell up --port 4401"
