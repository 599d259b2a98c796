"""`keepwell features`: what is recorded of a version's features, or that nothing is."""

import json
from pathlib import Path
from typing import Any

from keepwell.workspace import Workspace

REPORT = {
    "metric": "roc_auc",
    "features": {},
    "fitted": {"tenure": [{"step": "Clip", "low": 1.0, "high": 70.25}]},
    "columns": [
        {"subject": "tenure", "effect": 0.0512, "low": 0.04, "high": 0.06},
        {"subject": "plan", "effect": None, "low": None, "high": None},
    ],
    "steps": [
        {
            "subject": "tenure: clip",
            "effect": 0.002,
            "low": -0.001,
            "high": 0.005,
            "variance_before": 900.0,
            "variance_after": 450.0,
        }
    ],
    "made": [
        {"label": "a / b", "kept": True, "gain": 0.0041, "low": 0.001, "high": 0.007, "note": ""},
        {
            "label": "a - b",
            "kept": False,
            "gain": -0.1,
            "low": None,
            "high": None,
            "note": "no gain",
        },
    ],
}


def test_a_version_tells_its_features(keepwell: Any, project: Path) -> None:
    with Workspace.open(project) as workspace:
        run = workspace.registry.get("shop", "1").run
        workspace.runs.attach(run, "features.json", json.dumps(REPORT).encode(), "application/json")
    shown = keepwell("features", "1", "-C", project).out
    for words in ("low: 1, high: 70.25", "+0.0512", "not measured", "450", "a / b", "no gain"):
        assert words in shown
    document = keepwell("features", "champion", "-C", project, "--json").document
    assert document["model"] == "shop/1"
    assert document["made"] == REPORT["made"]


def test_a_version_without_a_report_says_so(keepwell: Any, project: Path) -> None:
    ended = keepwell("features", "2", "-C", project)
    assert ended.code == 1
    assert "nothing is known about the features of shop/2" in ended.err
    assert "keepwell run" in ended.err
