"""`keepwell export grafana` and `prometheus-rules`, and what is told of receivers that take nothing."""

import json
from pathlib import Path
from typing import Any

import yaml

from keepwell.core.spec import ExportSpec
from keepwell.operations.outbound.state import ExportState, named, write_state

RECEIVER = "\nmonitor: {export: [{to: statsd, address: 'localhost:8125'}]}\n"


def test_rules_and_dashboards_are_written(keepwell: Any, project: Path) -> None:
    rules, folder = project / "rules.yaml", project / "dashboards"
    done = keepwell("export", "prometheus-rules", rules, "-C", project, "--json")
    assert done.document["files"] == [str(rules)]
    assert yaml.safe_load(rules.read_text())["groups"]
    assert keepwell("export", "grafana", folder, "-C", project).code == 0
    assert {json.loads(path.read_text())["uid"] for path in folder.iterdir()} == {
        "keepwell-endpoints",
        "keepwell-models",
    }
    assert keepwell("export", "grafana", folder, "-C", project).code == 0  # the same again
    rules.write_text("groups: []\n")
    refused = keepwell("export", "prometheus-rules", rules, "-C", project)
    assert refused.code == 1
    assert "--force" in refused.err
    assert keepwell("export", "prometheus-rules", rules, "-C", project, "--force").code == 0
    nowhere = keepwell("export", "grafana", "-C", project)
    assert nowhere.code == 2
    assert "keepwell export grafana dashboards/" in nowhere.err


def test_a_receiver_that_takes_nothing_is_told_of(keepwell: Any, project: Path) -> None:
    file = project / "keepwell.yaml"
    file.write_text(file.read_text() + RECEIVER)
    spec = ExportSpec(to="statsd", address="localhost:8125")
    assert keepwell("status", "-C", project, "--json").document["exports"][0]["failing"] is None
    state = ExportState(receiver=named(spec), failing=1.0, error="no such host")
    write_state(project / ".keepwell", 0, state)
    said = " ".join(keepwell("status", "-C", project).out.split())
    assert "statsd localhost:8125 takes nothing" in said
    assert "no such host" in said
    checks = keepwell("doctor", "-C", project, "--json").document["checks"]
    (found,) = [one for one in checks if one["name"] == "export"]
    assert (found["level"], found["found"]) == ("warning", "statsd localhost:8125: no such host")
