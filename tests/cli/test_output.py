import doctest
import json

import pytest

import keepwell.cli.demo.chart
import keepwell.cli.demo.ledger
import keepwell.cli.demo.world
import keepwell.cli.output
from keepwell.cli.output import Output, ago, text


@pytest.mark.parametrize(
    "module",
    [
        keepwell.cli.output,
        keepwell.cli.demo.world,
        keepwell.cli.demo.ledger,
        keepwell.cli.demo.chart,
    ],
    ids=lambda module: module.__name__,
)
def test_examples_in_docstrings_are_true(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_json_is_one_document_without_nan(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=True)
    out.answer({"rmse": float("inf"), "name": "Ünï"}, lambda: out.say("never"))
    assert json.loads(capsys.readouterr().out) == {"rmse": None, "name": "Ünï"}


def test_a_pipe_gets_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).table(["model", "rows"], [["churn", 7043], ["adult", 12]], title="models")
    assert capsys.readouterr().out == "models\nmodel   rows\nchurn  7,043\nadult     12\n"


def test_empty_tables_still_have_headings(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).table(["model", "rows"], [])
    assert capsys.readouterr().out == "model  rows\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.5, "0.5"), (123456.7, "123,457"), ("a\nb", "a b"), (False, "no"), ("", "-")],
)
def test_values_read_well(value: object, shown: str) -> None:
    assert text(value) == shown


def test_times_are_told_as_distance() -> None:
    assert ago(None) == "-"
    assert ago(100.0, now=100.2) == "now"
    assert ago(0.0, now=7260.0) == "2h 1m ago"
