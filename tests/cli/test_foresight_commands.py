"""`keepwell anomalies`, `forecasts` and `causes`, as they are typed."""

import json
import platform
from pathlib import Path
from typing import Any

import pytest

from keepwell.cli.application import call
from keepwell.core.errors import UsageError
from keepwell.core.ports import Point
from keepwell.workspace import Workspace


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: rows.csv}\n")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert call([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_machine_s_odd_minute_is_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["anomalies", "-C", str(project)]) == 0
    assert "nothing unusual in the last 24h" in capsys.readouterr().out
    with Workspace.open(project) as workspace:
        now = workspace.clock.now()
        points = [Point("cpu_percent", now - 5.0 * at, 20 + at % 3) for at in range(400, 0, -1)]
        points.append(Point("cpu_percent", now, 99.0))
        workspace.measurements.append(f"host:{platform.node()}", points)
    found = told(capsys, "anomalies", "-C", str(project))["anomalies"]
    assert found[0]["series"] == "cpu_percent"
    assert found[0]["value"] == 99.0
    assert call(["anomalies", "-C", str(project)]) == 0
    assert "cpu_percent" in capsys.readouterr().out
    with pytest.raises(UsageError, match="--since soon"):
        call(["anomalies", "--since", "soon", "-C", str(project)])


def test_a_filling_disk_is_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["forecasts", "-C", str(project)]) == 0
    assert "nothing is foretold" in capsys.readouterr().out
    with Workspace.open(project) as workspace:
        now = workspace.clock.now()
        workspace.measurements.append(
            f"host:{platform.node()}",
            [Point("disk_percent", now - 60.0 * at, 90.0 - at / 60.0) for at in range(600, 0, -1)],
        )
        workspace.foresight.look()
    document = told(capsys, "forecasts", "-C", str(project))
    assert "the disk will be full in" in document["forecasts"][0]["message"]
    assert document["record"] == {"true": 0, "late": 0, "averted": 0, "open": 1, "hit_rate": None}


def test_the_service_that_is_to_blame_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, rows = tmp_path / "calls.csv", tmp_path / "metrics.csv"
    graph.write_text("caller,callee\nsite,pay\nsite,search\n")
    lines = ["time,node,metric,value"]
    for minute, slow in (("14:00", 0.0), ("14:05", 0.4)):
        for node, latency in (("site", 0.1 + slow), ("pay", 0.05 + slow), ("search", 0.05)):
            lines.append(f"2026-03-01T{minute}:00Z,{node},latency,{latency}")
            lines.append(f"2026-03-01T{minute}:00Z,{node},requests,100")
    rows.write_text("\n".join(lines) + "\n")
    words = ["causes", str(rows), "--graph", str(graph), "--service", "site"]
    since = ["--since", "2026-03-01T14:05:00Z"]
    found = told(capsys, *words, *since)["causes"]
    assert found[0]["node"] == "pay"
    assert found[0]["share"] == pytest.approx(1.0)
    assert call([*words, *since]) == 0
    assert "pay" in capsys.readouterr().out
    with pytest.raises(UsageError, match="'noon' is no time"):
        call([*words, "--since", "noon"])
    rows.write_text("time,node,value\n1,site,2\n")
    with pytest.raises(UsageError, match="has no column 'metric'"):
        call([*words, *since])
