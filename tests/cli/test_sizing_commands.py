"""`keepwell lighten`, `scale --advise`, `tune serving` as they are typed; and pages that tell the same."""

import json
from pathlib import Path
from typing import Any

import lightgbm  # noqa: TID253 (fitted as a user would)
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.cli.application import call
from keepwell.core.errors import UnavailableError, UsageError
from keepwell.core.ports import Point
from keepwell.operations.own_model import register_own
from keepwell.operations.promotion import promote
from keepwell.workspace import Workspace

ROWS = 600


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose champion boosts far longer than it has to, and whose endpoint was busy."""
    root = tmp_path_factory.mktemp("sizing")
    (root / "keepwell.yaml").write_text(
        "project: shop\ndata: {source: rows.csv, target: left}\n"
        "costs: {prices: {memory_gb_hour: 0.01}}\n"
    )
    random = np.random.default_rng(4)
    tenure, charges = random.integers(0, 72, 2 * ROWS), random.normal(size=2 * ROWS)
    left = np.where((tenure < 36) ^ (random.random(2 * ROWS) < 0.1), "yes", "no")
    table = pa.table({"tenure": tenure, "charges": charges, "left": left})
    frame = table.slice(0, ROWS).to_pandas()
    model = lightgbm.LGBMClassifier(n_estimators=150, verbose=-1, n_jobs=1)
    model.fit(frame[["tenure", "charges"]], frame["left"])
    pa.csv.write_csv(table.slice(ROWS), root / "fresh.csv")
    with Workspace.open(root) as workspace:
        version = register_own(workspace.bench, model, table.slice(ROWS), "left")
        promote(workspace.bench, version.version, "for a test", force=True)
        now = workspace.clock.now()
        busy = [
            Point(name, now - 7200 + at * 60, at * amount)
            for at in range(121)
            for name, amount in (("cpu_seconds", 3.0), ("requests", 600.0))
        ]
        workspace.measurements.append("usage:endpoint:shop", busy)
        workspace.scaling.begin(4, {}, keep=False, why="", endpoints=["shop"])
    return root


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert call([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_lighter_variant_is_looked_at_then_made_then_shown(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["lighten", "--rows", str(project / "fresh.csv"), "--loss", "20%", "-C", str(project)]
    looked = told(capsys, *words, "--dry-run")
    assert looked["model"] is None
    assert looked["evidence"]["told"].startswith("a lighter variant answers one row")
    assert looked["evidence"]["batch_gain"] > 1.1
    made = told(capsys, *words)
    assert made["model"] == "shop/2"
    assert made["gate"]["passed"]
    assert call(["models", "show", "1", "-C", str(project)]) == 0
    assert "lighter: shop/2 answers one row" in capsys.readouterr().out
    shown = told(capsys, "models", "show", "2", "-C", str(project))
    assert shown["lighter"]["parent"] == "shop/1"
    assert call([*words, "--dry-run"]) == 0
    assert "next  the same without --dry-run registers it" in capsys.readouterr().out
    with Workspace.open(project) as workspace:
        client = TestClient(create_app(workspace), base_url="http://localhost")
        page = client.get("/models/shop/2").text
        assert "Made lighter from" in page
        assert "rounds of LGBMClassifier" in page
        assert "Lighter variants" in client.get("/models/shop/1").text
        machines = client.get("/machines").text
        assert "Workers that would do" in machines
        assert "Ask for these workers" in machines


@pytest.mark.parametrize("loss", ["much", "150%"])
def test_a_loss_that_is_no_share_is_refused(project: Path, loss: str) -> None:
    with pytest.raises(UsageError):
        call(["lighten", "1", "--loss", loss, "-C", str(project)])


def test_what_cannot_be_made_lighter_says_why(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = told(capsys, "lighten", "1", "-C", str(project), code=1)["refused"]
    assert "test rows of shop/1 are not known" in refused["why"]
    assert "--rows" in refused["now"]


def test_advice_is_told_with_its_numbers(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["scale", "--advise", "-C", str(project)]
    document = told(capsys, *words)
    assert (document["parts"][0]["now"], document["parts"][0]["advised"]) == (4, 1)
    assert document["changes"]
    assert not document["applied"]
    assert call(words) == 0
    said = capsys.readouterr().out
    assert "its busiest minutes took 0.05 processors" in said
    assert "keepwell scale --apply" in said


def test_advice_is_taken_only_where_somebody_serves(project: Path) -> None:
    with pytest.raises(UnavailableError, match="not up"):
        call(["scale", "--apply", "-C", str(project)])
    with pytest.raises(UsageError, match="for all workers together"):
        call(["scale", "shop", "2", "--advise", "-C", str(project)])


@pytest.mark.parametrize("workers", ["many", "0", "1,99"])
def test_numbers_of_workers_to_try_are_checked(project: Path, workers: str) -> None:
    with pytest.raises(UsageError, match="no numbers of workers"):
        call(["tune", "serving", "--workers", workers, "-C", str(project)])
