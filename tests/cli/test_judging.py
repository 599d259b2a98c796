"""Commands that judge: report, card, code, compare, reproduce."""

from pathlib import Path
from typing import Any

import pytest
from judged_shop import build_shop

from keepwell.cli.build_report import SHOWN
from keepwell.core.records import Task
from keepwell.tracking.metrics import headlines


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("judging") / "shop"
    build_shop(root).close()
    (root / "keepwell.yaml").write_text(
        "project: shop\ndata: {source: customers.csv, target: churn, key: customer}\n"
        "card: {owner: Retention team}\n"
    )
    return root


def test_a_build_tells_the_headlines() -> None:
    assert (*headlines(Task.BINARY), *headlines(Task.REGRESSION)) == SHOWN


def test_writes_a_report_a_card_and_the_code(keepwell: Any, shop: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    told = keepwell("models", "report", "1", "-o", page, "-C", shop, "--json").document
    assert told == {"model": "shop/1", "file": str(page), "bytes": page.stat().st_size}
    assert "<!doctype html>" in page.read_text()
    card = keepwell("models", "card", "-C", shop)
    assert card.out.startswith("# Model card: shop, version 2")
    assert "- **owner**: Retention team" in card.out
    assert keepwell("models", "card", "-o", tmp_path / "CARD.md", "-C", shop).code == 0
    assert (tmp_path / "CARD.md").read_text().rstrip() == card.out.rstrip()
    code = keepwell("models", "code", "2", "-o", tmp_path / "again", "-C", shop, "--json").document
    assert code["files"] == ["test.parquet", "train.parquet", "train.py"]


def test_compares_versions_by_number_by_run_and_on_rows(keepwell: Any, shop: Path) -> None:
    found = keepwell("compare", "1", "2", "-C", shop, "--json").document
    assert (found["first"], found["second"]) == ("shop/1", "shop/2")
    run = keepwell("runs", "-C", shop, "--json").document["runs"][0]["id"]
    named = keepwell("compare", "shop/1", run, "-C", shop, "--json").document
    assert named["metrics"] == found["metrics"]
    told = keepwell("compare", "1", "2", "--rows", shop / "customers.csv", "-C", shop).out
    assert "measured on the rows given" in told
    assert "McNemar: mid-p" in told
    assert keepwell("compare", "1", "9", "-C", shop).code == 1


def test_reproduces_and_fails_where_it_is_another_model(keepwell: Any, shop: Path) -> None:
    told = keepwell("reproduce", "1", "-C", shop)
    assert told.code == 0
    assert "shop/1 is reproduced to the last bit" in told.out
    found = keepwell("reproduce", "1", "-C", shop, "--json").document
    assert found["identical"] is True
    assert [check["name"] for check in found["checks"]] == [
        "code", "data", "seed", "environment", "metric", "answers",
    ]  # fmt: skip


def test_holds_versions_against_a_file_and_draws_them(
    keepwell: Any, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "rule.py").write_text(
        "def predict(rows):\n    return ['yes' if row['plan'] == 'monthly' else 'no' for row in rows]\n"
    )
    words = ("compare", "1", "--with", tmp_path / "rule.py", "--limit", 40, "-C", shop)
    told = keepwell(*words, "--machine-price", 1, "-o", tmp_path / "plot.html")
    assert told.code == 0
    assert "rule.py" in told.out
    assert "each was asked the same 40 rows" in told.out
    assert "advice   build" in told.out
    assert "shop/1" in (tmp_path / "plot.html").read_text()
    found = keepwell(*words, "--max-latency-ms", 0.0001, "--json").document
    assert found["pick"] == ""
    assert [item["fits"] for item in found["results"]] == [False, False]
    three = keepwell("compare", "1", "2", "1", "-C", shop)
    assert three.code == 2
    assert "name each once" in three.err
