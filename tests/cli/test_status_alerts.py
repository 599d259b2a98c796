"""`keepwell status` and Prometheus tell which alerts go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from keepwell.api.exposition import expose
from keepwell.core.events import acting_as
from keepwell.core.records import Alert, Hit
from keepwell.operations.alerts.judge import Judged
from keepwell.workspace import Workspace


def _alert(number: int, title: str, **fields: Any) -> Alert:
    hit = Hit(rule=f"rule-{number}", subject="host:x", message=title)
    values = {"severity": "warning", "hits": (hit,), "opened": 1.7e9 + number, **fields}
    return Alert(id=f"01KALERT{number:018d}", cause=f"cause-{number}", title=title, **values)


def test_alerts_that_fire_are_told_the_gravest_first(
    project: Path, keepwell: Callable[..., Any]
) -> None:
    alerts = (
        _alert(1, "the disk is nearly full"),
        _alert(2, "latency is above 200", severity="critical", endpoint="shop"),
        _alert(3, "traffic fell", acknowledged=1.7e9),
        _alert(4, "it is over", status="resolved", resolved=1.7e9 + 10),
    )
    with Workspace.open(project) as workspace, acting_as("alerts"):
        workspace.alerts.store.keep(Judged(alerts=alerts, deliveries=()))
        metrics = expose(workspace, None, None).decode()
    told = keepwell("status", "-C", project).out
    assert told.index("! alert: latency is above 200 (critical") < told.index("the disk is nearly")
    assert "traffic fell (warning, since" in told
    assert "looked after" in told
    assert "it is over" not in told
    document = keepwell("status", "--json", "-C", project).document
    assert [one["severity"] for one in document["alerts"]] == ["critical", "warning", "warning"]
    assert (
        'keepwell_alerts_firing{acknowledged="false",endpoint="shop",rule="rule-2",'
        'severity="critical"} 1.0' in metrics
    )
    assert 'rule="rule-4"' not in metrics
