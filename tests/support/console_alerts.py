"""What the console's alerts page has to show: one that fires, one that is silenced, one that is over."""

from console_customers import NAME
from console_traffic import HOUR
from console_world import Told

from keepwell.core.events import acting_as
from keepwell.core.records import Act, Alert, Attempt, Delivery, Hit
from keepwell.operations.alerts.judge import Judged


def tell_alerts(told: Told) -> None:
    """Leave what a watcher and a courier leave, and what people said of it."""
    workspace, now = told.workspace, told.clock.now()
    opened = workspace.incidents.open(NAME)
    slow = _alert(1, "slow", "latency_p95_ms of churn is 312, above 200 for 6m", now - 400)
    lost = _alert(2, "workers", "1 of 2 workers answer", now - 120, cause="workers")
    disk = "4.1% of the workspace's disk is free"
    over = _alert(3, "disk", disk, now - 5 * HOUR, cause="disk")
    incident = opened.id if opened else ""
    firing = _with(slow, incident=incident, told=("ops",), severity="critical")
    with acting_as("user:ana"):
        silence = workspace.alerts.silence(seconds=HOUR, reason="the pool is moved", rule="workers")
    with acting_as("alerts"):
        workspace.alerts.store.keep(
            Judged(
                alerts=(
                    firing,
                    _with(lost, silenced=silence.id),
                    _with(over, status="resolved", resolved=now - 4 * HOUR, told=("ops",)),
                ),
                deliveries=(
                    Delivery(
                        id=f"{slow.id}/1/log", alert=slow.id, channel="log", kind="firing",
                        title=slow.title, body="", severity="critical", created=now - 390,
                        due=now - 390, status="sent",
                        attempts=(Attempt(time=now - 390, seconds=0.1, answer="written"),),
                    ),
                ),
            )
        )  # fmt: skip


def _alert(number: int, rule: str, message: str, since: float, cause: str = "") -> Alert:
    endpoint = "" if cause else NAME
    subject = cause or f"endpoint:{NAME}"
    hit = Hit(rule=rule, subject=subject, message=message, endpoint=endpoint, since=since)
    other = Hit(
        rule="busy", subject=subject, message="4 requests wait in every worker", endpoint=endpoint
    )
    return Alert(
        id=f"01KALERT{number:018d}",
        cause=subject,
        title=message,
        severity="warning",
        endpoint=endpoint,
        opened=since,
        hits=(hit,) if cause else (hit, other),
        acts=() if cause else (Act(time=since + 10, text="scaled from 2 to 4 workers"),),
    )


def _with(alert: Alert, **changes: object) -> Alert:
    from dataclasses import replace

    return replace(alert, **changes)  # type: ignore[arg-type]  # each is of its field's type
