from pathlib import Path
from typing import Any

from keepwell.core.records import ColumnType, Estimate
from keepwell.infrastructure.codec import to_plain
from keepwell.monitoring.report import Change, ColumnReport, Performance, Report, Service
from keepwell.workspace import Workspace


def watch(project: Path) -> None:
    report = Report(
        endpoint="shop",
        model="shop",
        version=1,
        time=1_800_000_000.0,
        since=1_799_999_000.0,
        until=1_800_000_000.0,
        rows=1400,
        columns=(
            ColumnReport(name="tenure", type=ColumnType.INTEGER, effect=0.05, limit=0.2),
            ColumnReport(
                name="plan", type=ColumnType.CATEGORY, effect=0.44, limit=0.2, drifted=True,
                severity=0.6, detector="jensen-shannon", message="'week' is new: 40%",
            ),
        ),
        performance=Performance(
            metric="accuracy",
            value=Estimate(value=0.61, low=0.58, high=0.64),
            rows=900,
            coverage=0.64,
            expected=Estimate(value=0.88),
        ),
        concept=Change(
            rows=400, earlier=500, before=0.12, after=0.39, rise=0.25, explained=0.02, limit=0.06
        ),
        total=Service(
            requests=70, per_second=3.5, latency_p50_ms=1.1, latency_p95_ms=2.0, latency_p99_ms=4.0
        ),
    )  # fmt: skip
    with Workspace.open(project) as workspace:
        workspace.measurements.write_report("endpoint:shop", report.time, to_plain(report))


def test_nothing_watched_says_what_to_do(keepwell: Any, project: Path) -> None:
    assert "keepwell up" in keepwell("monitor", "-C", project).out
    assert keepwell("monitor", "-C", project, "--json").document == {
        "endpoint": "shop",
        "report": None,
    }


def test_the_last_look_is_told_drifted_columns_first(keepwell: Any, project: Path) -> None:
    watch(project)
    shown = keepwell("monitor", "-C", project).out
    assert "accuracy 0.61 (0.58 to 0.64), 0.88 was promised; 900 outcomes, 64%" in shown
    assert "1.10 · 2.00 · 4.00 ms" in shown
    assert "rose from 0.12 to 0.39 on the newest 400 outcomes: 0.25 on equal inputs" in shown
    assert shown.index("plan") < shown.index("tenure")
    (unlooked,) = [line for line in shown.splitlines() if "tenure" in line]
    assert unlooked.split() == ["-", "tenure", "-", "-", "-", "-"]
    assert keepwell("monitor", "-C", project, "--json").document["report"]["rows"] == 1400
