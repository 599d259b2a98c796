"""`keepwell init`: from a table to a project file."""

import os
from pathlib import Path
from typing import Any

import pytest

from keepwell.infrastructure.project_file import load_project

ROWS = "customer_id,signed_up,plan,charges,churned\n" + "".join(
    f"C{number:04d},2024-01-{1 + number % 28:02d},{'year' if number % 3 else 'month'},"
    f"{20 + number / 7:.2f},{'yes' if number % 4 else 'no'}\n"
    for number in range(60)
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which holds a table."""
    (tmp_path / "shop.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_a_project_that_reads_back(keepwell: Any, here: Path) -> None:
    ended = keepwell("init", "shop", "--data", "shop.csv", "--target", "churned", "--json")
    assert ended.code == 0
    spec = load_project(here / "shop" / "keepwell.yaml")
    assert (spec.name, spec.data.source, spec.data.target) == ("shop", "../shop.csv", "churned")
    assert (spec.data.key, spec.data.time) == ("customer_id", "signed_up")
    roles = {column["name"]: column["role"] for column in ended.document["columns"]}
    assert roles == {
        "customer_id": "key",
        "signed_up": "time",
        "plan": "feature",
        "charges": "feature",
        "churned": "target",
    }


def test_it_says_what_it_saw_and_what_to_do_next(keepwell: Any, here: Path) -> None:
    shown = keepwell("init", "shop", "--data", "shop.csv", "--target", "churned").out
    assert "charges      number      feature" in shown
    assert "cd shop && keepwell run && keepwell up" in shown
    assert "name a target" in keepwell("init", "kept", "--data", "shop.csv").out


def test_it_works_in_the_current_folder(keepwell: Any, here: Path) -> None:
    assert keepwell("init", "--data", "shop.csv", "--name", "corner-shop").code == 0
    spec = load_project(here / "keepwell.yaml")
    assert (spec.name, spec.data.source) == ("corner-shop", "shop.csv")
    assert keepwell("plan").code == 0


def test_options_win_over_guesses(keepwell: Any, here: Path) -> None:
    words = ["--data", "shop.csv", "--target", "charges", "--key", "plan", "--time", "signed_up"]
    roles = {
        c["name"]: c["role"] for c in keepwell("init", "a", *words, "--json").document["columns"]
    }
    assert roles["plan"] == "key"
    assert roles["customer_id"] == "left out"


@pytest.mark.parametrize("option", ["--target", "--key", "--time"])
def test_unknown_columns_are_refused_with_a_suggestion(
    keepwell: Any, here: Path, option: str
) -> None:
    ended = keepwell("init", "shop", "--data", "shop.csv", option, "chrned")
    assert ended.code == 2
    assert "did you mean 'churned'?" in ended.err
    assert not (here / "shop").exists()


def test_a_project_is_never_replaced_silently(keepwell: Any, here: Path) -> None:
    words = ["init", "shop", "--data", "shop.csv"]
    assert keepwell(*words).code == 0
    file = here / "shop" / "keepwell.yaml"
    file.write_text("mine")
    ended = keepwell(*words)
    assert ended.code == 1
    assert "is there already" in ended.err
    assert file.read_text() == "mine"
    assert keepwell(*words, "--overwrite").code == 0
    assert file.read_text() != "mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "empty"), ("a,b\n", ""), ('{"a": 1}\n', ""), ("a,a\n1,2\n", "a")],
    ids=["empty", "header only", "json called csv", "duplicate names"],
)
def test_what_cannot_be_read_leaves_no_project(
    keepwell: Any, here: Path, content: str, said: str
) -> None:
    (here / "bad.csv").write_text(content)
    ended = keepwell("init", "bad", "--data", "bad.csv")
    assert ended.code in (1, 2)
    assert said in ended.err
    assert "→ " in ended.err
    assert not (here / "bad" / "keepwell.yaml").exists()


def test_missing_data_is_told_with_what_is_there(keepwell: Any, here: Path) -> None:
    ended = keepwell("init", "shop", "--data", "shp.csv")
    assert ended.code == 1
    assert "did you mean 'shop.csv'?" in ended.err


def test_a_bad_name_leaves_no_project(keepwell: Any, here: Path) -> None:
    ended = keepwell("init", "shop", "--data", "shop.csv", "--name", "no/slash")
    assert ended.code == 2
    assert os.listdir(here) in (["shop.csv"], ["shop.csv", "shop"], ["shop", "shop.csv"])
    assert not (here / "shop" / "keepwell.yaml").exists()
