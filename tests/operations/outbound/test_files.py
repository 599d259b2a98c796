"""Rules and dashboards speak of metrics that there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec
from keepwell.operations.outbound.files import dashboards, prometheus_rules

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "http.md"
NAME = re.compile(r"\bkeepwell_[a-z_]+")


def known() -> set[str]:
    """Return every name that the reference lists; it is compared with what is exposed."""
    listed = set(re.findall(r"^\| `(keepwell_[a-z_]+)`", PAGE.read_text(), re.MULTILINE))
    return listed | {f"{name}_bucket" for name in listed}


def spec() -> ProjectSpec:
    return ProjectSpec(
        name="shop",
        root=Path(),
        data=DataSpec(source="x"),
        gate=GateSpec(latency_ms=50),
        monitor=MonitorSpec(every=30),
    )


def test_rules_take_their_limits_from_the_project() -> None:
    groups = yaml.safe_load(prometheus_rules(spec()))["groups"]
    alerts = {rule["alert"]: rule for rule in groups[1]["rules"]}
    assert alerts["KeepwellSlow"]["expr"].endswith("> 0.05")
    assert alerts["KeepwellSignal"]["for"] == "90s"
    recorded = {rule["record"] for rule in groups[0]["rules"]}
    used = set(re.findall(r"endpoint:\w+:\w+", " ".join(one["expr"] for one in alerts.values())))
    assert used <= recorded


def test_rules_and_dashboards_use_metrics_that_there_are() -> None:
    expressions = [
        rule["expr"]
        for group in yaml.safe_load(prometheus_rules(spec()))["groups"]
        for rule in group["rules"]
    ]
    for text in dashboards().values():
        expressions += [
            target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]
        ]
    plain = [re.sub(r"endpoint:\w+:\w+", "", one) for one in expressions]
    used = {name for one in plain for name in NAME.findall(one)}
    assert len(used) > 10
    assert used - known() == set()


def test_dashboards_lie_beside_each_other() -> None:
    for text in dashboards().values():
        panels = json.loads(text)["panels"]
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
        assert len(set(places)) == len(panels)
        assert len({panel["id"] for panel in panels}) == len(panels)


def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    path = tmp_path / "rules.yaml"
    path.write_text(prometheus_rules(spec()))
    done = subprocess.run(
        [promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS: 15 rules found" in done.stdout
