"""Alerts, silences and messages in the one record."""

from collections.abc import Callable
from dataclasses import replace

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError
from keepwell.core.events import Change, current_actor
from keepwell.core.identifiers import new_id
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Alert, Delivery, Silence
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.alerts.judge import REOPEN_SECONDS, Judged

_RECENT = 2000
"""How many changes back an alert that fires, or a message that waits, is looked for."""


class AlertStore:
    """The memory of alerting; every change is an event, and what belongs together is one transaction."""

    def __init__(self, metadata: MetadataStore, clock: Clock) -> None:
        self._metadata = metadata
        self._clock = clock
        self._alerts = Collection(metadata, "alert", Alert, name=lambda one: one.id)
        self._silences = Collection(metadata, "silence", Silence, name=lambda one: one.id)
        self._deliveries = Collection(metadata, "delivery", Delivery, name=lambda one: one.id)

    def alerts(self, *, status: str = "", limit: int | None = None) -> list[Alert]:
        """Return alerts, newest first; `status` may be `firing` or `resolved`."""
        found = [one for one in self._alerts.find() if status in ("", one.status)]
        return sorted(found, key=lambda one: -one.opened)[:limit]

    def current(self) -> list[Alert]:
        """Return those that fire, and those that were resolved lately."""
        now = self._clock.now()
        return [
            one
            for one in self._alerts.find(limit=_RECENT)
            if one.resolved is None or now - one.resolved < REOPEN_SECONDS
        ]

    def alert(self, identifier: str) -> Alert:
        """Return one alert, by its id or the beginning of it.

        Raises:
            NotFoundError: If there is none, or several begin so.
        """
        exact = self._alerts.get(identifier.upper())
        if exact is not None:
            return exact
        begins = [one for one in self._alerts.find() if one.id.startswith(identifier.upper())]
        return begins[0] if len(begins) == 1 and identifier else self._alerts.read(identifier)

    def silences(self, *, ended: bool = False) -> list[Silence]:
        """Return silences, newest first; those that have ended too if asked for."""
        now = self._clock.now()
        found = [one for one in self._silences.find() if ended or one.until > now]
        return sorted(found, key=lambda one: -one.since)

    def silence_of(self, identifier: str) -> Silence:
        """Return one silence.

        Raises:
            NotFoundError: If there is none of that id.
        """
        begins = [one for one in self._silences.find() if one.id.startswith(identifier.upper())]
        return begins[0] if len(begins) == 1 and identifier else self._silences.read(identifier)

    def deliveries(
        self, *, alert: str = "", status: str = "", limit: int | None = None
    ) -> list[Delivery]:
        """Return messages, newest first."""
        found = self._deliveries.find(f"{alert}/" if alert else "")
        wanted = [one for one in found if status in ("", one.status)]
        return sorted(wanted, key=lambda one: -one.created)[:limit]

    def waiting(self) -> list[Delivery]:
        """Return the messages that are still to be sent, oldest first."""
        found = [one for one in self._deliveries.find(limit=_RECENT) if one.status == "waiting"]
        return sorted(found, key=lambda one: one.created)

    def mark(self) -> int:
        """Return what changes whenever a message does."""
        newest = self._metadata.events(kind="delivery", newest_first=True, limit=1)
        return newest[0].seq if newest else 0

    def delivery(self, identifier: str) -> Delivery:
        """Return one message.

        Raises:
            NotFoundError: If there is none of that id.
        """
        return self._deliveries.read(identifier)

    # Changes

    def keep(self, judged: Judged) -> None:
        """Keep what was judged: alerts and the messages that follow from them, together."""
        changes: list[Change] = [self._alert_change(one) for one in judged.alerts]
        fresh = (one for one in judged.deliveries if self._deliveries.get(one.id) is None)
        changes += [self._deliveries.change(one, "posted", one.title) for one in fresh]
        if changes:
            self._metadata.commit(changes)

    def post(self, delivery: Delivery) -> None:
        """Keep one message to be sent."""
        self._deliveries.write(delivery, "posted", delivery.title)

    def withdraw(self, delivery: Delivery, why: str) -> None:
        """Keep that a message is not to be sent any more."""
        self._deliveries.write(delivery, "withdrawn", why)

    def attempted(self, delivery: Delivery) -> None:
        """Keep how an attempt to send a message went."""
        verb = {"sent": "sent", "given_up": "given_up"}.get(delivery.status, "attempted")
        self._deliveries.write(delivery, verb, delivery.attempts[-1].error)

    def change(self, identifier: str, verb: str, why: str, to: Callable[[Alert], Alert]) -> Alert:
        """Change one alert as it is now."""
        while True:
            seq = self._alerts.seq(self.alert(identifier).id)
            before = self.alert(identifier)
            after = to(before)
            if after == before:
                return after
            if _written(self._alerts, after, verb, why, seq):
                return after

    def silence(self, silence: Silence) -> Silence:
        """Keep a silence."""
        self._silences.write(silence, "silenced", silence.reason)
        return silence

    def end_silence(self, identifier: str, why: str = "") -> Silence:
        """End a silence now."""
        ended = replace(self.silence_of(identifier), until=self._clock.now())
        self._silences.write(ended, "ended", why)
        return ended

    def new_silence(self, *, seconds: float, reason: str, **matches: str) -> Silence:
        """Return a silence that begins now, in the name of whoever acts."""
        now = self._clock.now()
        return Silence(
            id=new_id(now),
            reason=reason,
            since=now,
            until=now + seconds,
            by=current_actor(),
            **matches,
        )

    def _alert_change(self, alert: Alert) -> Change:
        known = self._alerts.get(alert.id)
        if known is None:
            verb = "fired"
        elif known.status != alert.status:
            verb = "resolved" if alert.status == "resolved" else "returned"
        elif alert.stage != known.stage:
            verb = "told"
        else:
            verb = "followed"
        return self._alerts.change(_as_said(alert, known), verb, alert.title)


def _as_said(alert: Alert, known: Alert | None) -> Alert:
    """Return an alert with what people said of it while it was judged."""
    if known is None or known.acknowledged is None or alert.acknowledged is not None:
        return alert
    if (known.stage, known.status) != (alert.stage, alert.status):
        return alert  # it grew worse, or came back: that is for somebody to take on anew
    return replace(
        alert,
        acknowledged=known.acknowledged,
        acknowledged_by=known.acknowledged_by,
        note=known.note,
    )


def _written(
    collection: Collection[Alert], alert: Alert, verb: str, why: str, expected: int
) -> bool:
    try:
        collection.write(alert, verb, why, expected)
    except ConflictError:
        return False
    return True
