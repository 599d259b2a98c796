"""`keepwell models fairness` and `keepwell explain --global`, as they are typed."""

import json
from pathlib import Path

import pytest
from outside import customers

from keepwell.cli.application import call

PROJECT = """
project: shop
data: {source: customers.csv, target: churn, key: customer}
train: {budget: 4s, folds: 2, learners: [linear]}
fairness: {columns: [gender]}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("insight")
    lines = customers(400).splitlines()
    named = [f"{lines[0]},gender"]
    named += [f"{line},{('female', 'male')[at % 2]}" for at, line in enumerate(lines[1:])]
    (root / "customers.csv").write_text("\n".join(named) + "\n")
    Path(root / "keepwell.yaml").write_text(PROJECT)
    call(["run", "-C", str(root), "--json"])
    return str(root)


def test_tells_how_groups_are_treated(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    call(["models", "fairness", "-C", shop, "--json"])
    document = json.loads(capsys.readouterr().out)
    (view,) = document["fairness"]
    assert (view["column"], view["named"]) == ("gender", True)
    call(["models", "fairness", "-C", shop, "--by", "plan"])
    drawn = capsys.readouterr().out
    assert "By plan: “yes” is predicted for" in drawn
    assert "four-fifths rule" in drawn
    assert "true positive rate, largest difference" in drawn


def test_tells_what_the_model_goes_by(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    call(["explain", "--global", "-C", shop, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert next(iter(document["permutation"])) == "tenure"
    call(["explain", "--global", "-C", shop])
    drawn = capsys.readouterr().out
    assert "how much worse roc_auc" in drawn
    assert "tenure:" in drawn
