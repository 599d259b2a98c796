"""`keepwell scale` refuses in words what it cannot do; tests/e2e/test_scaling.py has the rest."""

from pathlib import Path

import pytest

from keepwell.cli.application import call
from keepwell.core.errors import UnavailableError, UsageError


@pytest.fixture
def project(tmp_path: Path) -> str:
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: rows.csv}\n")
    return str(tmp_path)


@pytest.mark.parametrize("words", [["churn"], ["churn", "many"]])
def test_a_number_is_needed(project: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as told:
        call(["scale", *words, "-C", project])
    assert told.value.what == f"'{words[-1]}' is no number of workers"
    assert told.value.now == "keepwell scale 4, or keepwell scale churn 2"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["3"], "serve: {workers: 3}"),
        (["shop", "2"], "serve: {pools: {shop: 2}}"),
        ([], "serve: {workers: 2}"),
    ],
)
def test_who_is_not_up_is_told_where_to_write_it(project: str, words: list[str], line: str) -> None:
    with pytest.raises(UnavailableError) as told:
        call(["scale", *words, "-C", project])
    assert told.value.what == "'shop' is not up"
    assert line in told.value.now
