"""Looks again and again: reads, finds, judges, keeps, acts."""

import logging
from collections.abc import Callable
from dataclasses import replace

from keepwell.core.alerting import AlertsSpec
from keepwell.core.clock import Clock
from keepwell.core.events import acting_as
from keepwell.core.identifiers import new_id
from keepwell.core.records import Alert, Hit, Incident, Signal
from keepwell.operations.alerts.acting import Acting, signals_of
from keepwell.operations.alerts.judge import Judged, judge
from keepwell.operations.alerts.reading import Reader, Reading
from keepwell.operations.alerts.rules import Rule
from keepwell.operations.alerts.store import AlertStore
from keepwell.operations.alerts.telling import has_gathered

logger = logging.getLogger(__name__)


class Watcher:
    """Turns what rules find into alerts, messages and actions.

    Args:
        store: The memory.
        reader: Reads the world.
        spec: The project's section.
        rules: What is looked for.
        acting: Does what rules ask for.
        clock: The time.
        incident: Reads an incident by its id.
        url: Where the console is; empty if nowhere.
    """

    def __init__(  # noqa: PLR0913 (parts that are put together in one place)
        self,
        store: AlertStore,
        reader: Reader,
        spec: AlertsSpec,
        rules: tuple[Rule, ...],
        *,
        acting: Acting,
        clock: Clock,
        incident: Callable[[str], Incident | None],
        url: str = "",
    ) -> None:
        self._store = store
        self._reader = reader
        self._spec = spec
        self._rules = rules
        self._acting = acting
        self._clock = clock
        self._incident = incident
        self._url = url
        self._present: tuple[Hit, ...] = ()

    def look(self) -> Judged:
        """Look once; what was found is kept with the messages that follow, then acted upon."""
        reading = self._reader.read(self._spec.rules)
        self._present = tuple(hit for rule in self._rules for hit in _found(rule, reading))
        with acting_as("alerts"):
            alerts = self._store.current()
            judged = judge(
                alerts,
                self._present,
                silences=self._store.silences(),
                incidents=self._incidents(alerts),
                spec=self._spec,
                now=reading.now,
                identify=lambda: new_id(reading.now),
                url=self._url,
            )
            self._store.keep(judged)
            self._act(reading.now)
        return judged

    def signals(self, endpoint: str) -> tuple[Signal, ...]:
        """Return what the loop is to see of what was found last."""
        return signals_of(self._present, endpoint, self._clock.now())

    def _incidents(self, alerts: list[Alert]) -> dict[str, Incident]:
        names = {one.incident for one in alerts} | {hit.incident for hit in self._present}
        found = {name: self._incident(name) for name in names if name}
        return {name: incident for name, incident in found.items() if incident is not None}

    def _act(self, now: float) -> None:
        for alert in self._store.current():
            if alert.status == "firing" and not has_gathered(alert, self._spec, now):
                continue
            try:
                after = self._acting.follow(alert, now)
            except Exception:
                logger.exception("what the alert '%s' asks for could not be done", alert.title)
                continue
            if after != alert:

                def acted(known: Alert, after: Alert = after) -> Alert:
                    return replace(
                        known, acts=after.acts, restore=after.restore, incident=after.incident
                    )

                self._store.change(
                    alert.id, "acted", after.acts[-1].text if after.acts else "", acted
                )


def _found(rule: Rule, reading: Reading) -> list[Hit]:
    try:
        return list(rule.find(reading))
    except Exception:
        logger.exception("the rule '%s' could not look", rule.name)
        return []
