"""Alerts as commands and requests see them: list, acknowledge, silence, test."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keepwell.core.alerting import rank
from keepwell.core.errors import ConflictError, UsageError
from keepwell.core.events import current_actor
from keepwell.core.identifiers import new_id
from keepwell.core.records import Alert, Delivery, Silence
from keepwell.operations.alerts.channels.opening import LOG, find_channel
from keepwell.operations.alerts.courier import Courier
from keepwell.operations.alerts.store import AlertStore

if TYPE_CHECKING:
    from keepwell.operations.incidents.handling import Handling
    from keepwell.workspace import Workspace

_LOOK_EVERY = 0.1
LONGEST_SILENCE = 366 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelView:
    """A channel, and how its newest message fared; its address is nobody's business."""

    name: str
    kind: str
    addresses: int
    last: Delivery | None = None
    waiting: int = 0


class AlertDesk:
    """What people do with alerts; each thing is an event in their name.

    Args:
        workspace: Whose alerts.
        handling: Where incidents are acknowledged: an alert of one is acknowledged with it.
    """

    def __init__(self, workspace: "Workspace", handling: "Handling") -> None:
        self._workspace = workspace
        self._handling = handling
        self.store = AlertStore(workspace.metadata, workspace.clock)

    def firing(self) -> list[Alert]:
        """Return the alerts that go on, the gravest first, of equal ones the oldest."""
        going = [alert for alert in self.store.current() if alert.status == "firing"]
        return sorted(going, key=lambda alert: (-rank(alert.severity), alert.opened))

    def acknowledge(self, identifier: str, note: str = "") -> Alert:
        """Say that somebody looks after an alert: no reminders, no escalation.

        Raises:
            NotFoundError: If there is none of that id.
            ConflictError: If it is over.
        """
        alert = self.store.alert(identifier)
        if alert.status != "firing":
            raise ConflictError(
                f"the alert '{alert.title}' is over",
                why="there is nothing left to take on",
                now="keepwell alerts",
            )
        now, actor = self._workspace.clock.now(), current_actor()
        changed = self.store.change(
            alert.id,
            "acknowledged",
            note,
            lambda known: replace(known, acknowledged=now, acknowledged_by=actor, note=note),
        )
        if alert.incident:
            self._handling.acknowledge(alert.incident, note)
        return changed

    def silence(
        self, *, seconds: float, reason: str, rule: str = "", endpoint: str = "", severity: str = ""
    ) -> Silence:
        """Tell nobody of what matches, until then.

        Raises:
            UsageError: If there is no reason, or no end within a year.
        """
        if not reason.strip():
            raise UsageError(
                "a silence needs a reason",
                why="whoever finds it later wants to know why nobody was told",
                now="keepwell alerts silence --for 2h --why 'the warehouse is moved'",
            )
        if not 0 < seconds <= LONGEST_SILENCE:
            raise UsageError(
                "a silence ends within a year",
                why="one without an end is forgotten",
                now="keepwell alerts silence --for 2h",
            )
        made = self.store.new_silence(
            seconds=seconds, reason=reason, rule=rule, endpoint=endpoint, severity=severity
        )
        return self.store.silence(made)

    def test(self, channel: str, seconds: float = 20.0) -> Delivery:
        """Send a test message the way every message goes, and return how it went.

        Raises:
            NotFoundError: If there is no such channel.
        """
        from keepwell.operations.serving.presence import is_up

        spec = find_channel(self._workspace.spec.alerts.channels, channel)
        now = self._workspace.clock.now()
        message = Delivery(
            id=f"test-{new_id(now)}/1/{channel}",
            alert="",
            channel=spec.name,
            kind="test",
            title=f"[test] {self._workspace.spec.name}: this channel works",
            body="Nothing is wrong. Somebody tried whether messages arrive here.",
            severity="info",
            created=now,
            due=now,
        )
        self.store.post(message)
        if is_up(self._workspace.home):
            return self._await(lambda: self.store.delivery(message.id), seconds)
        return self.courier().hand_over(message)

    def courier(self) -> Courier:
        """Return who sends what waits."""
        workspace = self._workspace
        return Courier(self.store, lambda: workspace.spec.alerts.channels, workspace.clock)

    def channels(self) -> list[ChannelView]:
        """Return every channel with the newest of its messages."""
        specs = self._workspace.spec.alerts.channels
        named = specs if any(one.name == LOG.name for one in specs) else (*specs, LOG)
        messages = self.store.deliveries()
        return [
            ChannelView(
                name=one.name,
                kind=one.kind,
                addresses=len(one.to),
                last=next((item for item in messages if item.channel == one.name), None),
                waiting=sum(
                    item.channel == one.name and item.status == "waiting" for item in messages
                ),
            )
            for one in named
        ]

    def _await(self, look: Callable[[], Delivery], seconds: float) -> Delivery:
        end = time.monotonic() + seconds
        while (found := look()).status == "waiting" and time.monotonic() < end:
            time.sleep(_LOOK_EVERY)
        return found
