"""What was unusual and what is foretold, and how the loop's weeks are counted."""

from types import SimpleNamespace
from typing import Any

import pytest

from keepwell.console.views.alerting.loop import weeks
from keepwell.console.views.drift import of_column
from keepwell.console.views.home import live_metric
from keepwell.console.views.machinery.outlook import unusual
from keepwell.core.ports import Point
from keepwell.core.records import ColumnType, Endpoint
from keepwell.monitoring.report import Bars, ColumnReport

WEEK = 604800.0


def test_what_was_unusual_is_told_with_its_value_the_newest_first() -> None:
    lines = {
        "latency_p95_ms": [
            Point("latency_p95_ms", 10.0, 5.0),
            Point("latency_p95_ms", 20.0, 312.0),
        ],
        "anomaly:latency_p95_ms": [Point("anomaly:latency_p95_ms", 20.0, 4.7)],
        "anomaly:metric:accuracy": [Point("anomaly:metric:accuracy", 30.0, 7.0)],
    }
    newest, older = unusual({"endpoint:churn": lines})
    assert (newest.series, newest.value, newest.rarity) == ("accuracy", None, "never seen before")
    assert (older.subject, older.value) == ("endpoint churn", 312.0)
    assert older.rarity == "one value in 50,000"


def test_what_was_only_proposed_was_not_done() -> None:
    said = ("proposed", "refused", "kept", "undone", "failed", "watching")
    history = [SimpleNamespace(time=WEEK * 9.5, status=status) for status in said]
    assert weeks(history, WEEK * 10) == [(0, 4, 2, 1, 1)]


def test_the_ends_of_counts_are_counts() -> None:
    drawn = Bars(reference=(1.0, 2.0), current=(2.0, 1.0), edges=(-0.5, 3.5, 7.5))
    for kind, labels in ((ColumnType.INTEGER, ("0", "7")), (ColumnType.NUMBER, ("-0.5", "7.5"))):
        assert of_column(ColumnReport(name="calls", type=kind, bars=drawn)).labels == labels


@pytest.mark.parametrize(
    ("report", "shown"),
    [
        ({"performance": {"metric": "roc_auc"}}, "roc_auc"),
        ({"performance": None}, "accuracy"),
        (None, "accuracy"),
    ],
)
def test_the_metric_over_time_is_the_one_that_the_monitor_judges_by(
    report: Any, shown: str
) -> None:
    measured = {name: [Point(name, 1.0, 0.8)] for name in ("metric:accuracy", "metric:roc_auc")}
    workspace: Any = SimpleNamespace(
        report=lambda _: report,
        measurements=SimpleNamespace(series=lambda *_, **__: measured),
    )
    assert live_metric(workspace, Endpoint(name="churn", model="churn"), None) == shown
