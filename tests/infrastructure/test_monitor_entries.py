"""KPIs, objectives and receivers of the project file: read, written back, refused with line and reason."""

from pathlib import Path

import pytest
from project_files import complaints as _complaints

from keepwell.core.errors import ProjectFileError
from keepwell.core.spec import KpiSpec, MonitorSpec, WatchedFairnessSpec
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.infrastructure.project_file import load_project, render_project

HEAD = "project: x\ndata: {source: x.csv}\n"


def load(folder: Path, text: str) -> MonitorSpec:
    (folder / "keepwell.yaml").write_text(HEAD + text)
    return load_project(folder).monitor


def test_kpis_are_read_and_written_back(tmp_path: Path) -> None:
    text = (
        "monitor:\n"
        "  period: 1d\n"
        "  kpis:\n"
        '    revenue: {sql: "select sum(1) from outcomes", target: 100.5, money: true}\n'
        "    cost: {sql: select 1, target: -3, direction: lower}\n"
        "    asked: select count(*) from predictions\n"
    )
    monitor = load(tmp_path, text)
    assert monitor.period == 86400
    assert monitor.kpis == (
        KpiSpec(name="revenue", sql="select sum(1) from outcomes", target=100.5, money=True),
        KpiSpec(name="cost", sql="select 1", target=-3.0, direction="lower"),
        KpiSpec(name="asked", sql="select count(*) from predictions"),
    )
    (tmp_path / "keepwell.yaml").write_text(render_project(load_project(tmp_path)))
    assert load_project(tmp_path).monitor == monitor


def test_objectives_are_read_and_written_back(tmp_path: Path) -> None:
    text = (
        "monitor:\n"
        "  objectives:\n"
        "    - latency_p99.5_ms: 50\n"
        "    - availability: 99.95%\n"
        "      period: 7d\n"
        "    - freshness: 1h\n"
        "    - {freshness: {data: 1d}, target: 0.9}\n"
        "    - quality: {roc_auc: 0.8}\n"
        "  fairness: {by: gender, max_gap: 0.2, metric: equalized_odds}\n"
    )
    monitor = load(tmp_path, text)
    latency, available, outcomes, data, quality = monitor.objectives
    assert latency == ObjectiveSpec(kind="latency", limit=50, target=0.995)
    assert available == ObjectiveSpec(kind="availability", target=0.9995, period=604800)
    assert outcomes == ObjectiveSpec(kind="freshness", of="outcomes", limit=3600)
    assert data == ObjectiveSpec(kind="freshness", of="data", limit=86400, target=0.9)
    assert quality == ObjectiveSpec(kind="quality", of="roc_auc", limit=0.8)
    names = ["latency_p99.5_ms", "availability", "freshness outcomes", "freshness data"]
    assert [one.name for one in monitor.objectives[:4]] == names
    assert monitor.fairness == WatchedFairnessSpec(
        by=("gender",), max_gap=0.2, metric="equalized_odds"
    )
    (tmp_path / "keepwell.yaml").write_text(render_project(load_project(tmp_path)))
    assert load_project(tmp_path).monitor == monitor


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kpis: [1]", "each has a name"),
        ("kpis: {a: {target: 1}}", "line 3: 'a' has no sql"),
        ("kpis: {a: {sql: select 1, goal: 1}}", "unknown key 'goal'"),
        ("kpis: {a: {sql: select 1, target: much}}", "target of 'a' must be a number"),
        ("kpis: {a: select 1, a: select 2}", "'a' stands there twice"),
        ("objectives: {availability: 99%}", "each objective stands behind a dash of its own"),
        ("objectives: [{availability: 100%}]", "100% would leave no budget"),
        ("objectives: [{availability: much}]", "a share is written as 99.9% or 0.999"),
        ("objectives: [{avialability: 99%}]", "did you mean 'availability'?"),
        ("objectives: [{latency_p95_ms: 0}]", "latency_p95_ms cannot be read"),
        ("objectives: [{quality: {auc: 1}}]", "quality cannot be read"),
        ("objectives: [{freshness: {rows: 1h}}]", "freshness cannot be read"),
        ("objectives: [{target: 99%}]", "nothing is promised"),
        ("objectives: [{availability: 99%, target: 99%}]", "says its target by itself"),
        ("objectives: [{availability: 99%, period: 0s}]", "a period of no length"),
        ("objectives: [{availability: 99%}, {availability: 98%}]", "stands there twice"),
        ("objectives: [{availability: 99%, freshness: 1h}]", "behind a dash of its own"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ProjectFileError) as refused:
        load(tmp_path, f"monitor: {{{text}}}\n")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("receivers", "words"),
    [
        ("{to: otlp}", "a list of receivers"),
        ("[{url: http://x}]", "has no 'to': otlp, statsd, json"),
        ("[{to: carrier}]", "to must be otlp, statsd or json"),
        ("[{to: otlp}]", "needs url"),
        ("[{to: otlp, url: x}]", "begins with http"),
        ("[{to: json, url: http://x, path: y}]", "needs path or url"),
        ("[{to: statsd, address: x, headers: {a: b}}]", "'headers' says nothing to statsd"),
        ("[{to: json, path: x, formt: ecs}]", "did you mean 'format'"),
        ("[{to: json, path: x, every: 0.1s}]", "a second at least"),
    ],
)
def test_receivers_are_checked_one_by_one(file: Path, receivers: str, words: str) -> None:
    text = f"data: {{source: a.csv}}\nmonitor: {{export: {receivers}}}\n"
    (line,) = _complaints(file, text)
    assert line.startswith("keepwell.yaml:2: monitor.export ")
    assert words in line
