"""The loop for people: how it stands, what it did, what it would do, and their word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keepwell.core.clock import Clock
from keepwell.core.errors import KeepwellError
from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Effect, Intervention
from keepwell.core.spec.looping import PLAYBOOKS
from keepwell.infrastructure.codec import from_plain, to_plain
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.interventions.consent import Consent
from keepwell.operations.loop.interventions.history import NOTHING, Deed, deeds
from keepwell.operations.loop.interventions.rules import rules_of
from keepwell.operations.loop.interventions.status import LoopStatus
from keepwell.operations.loop.policy import Policy

RESTATED = 60.0
"""Seconds after which an unchanged status is written again: it shows that somebody looks."""
_DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a playbook would do now at an endpoint.

    Attributes:
        endpoint: Where.
        rule: The rule that asks for it; empty for a playbook by hand.
        playbook: Which.
        holds: Whether the rule's condition holds.
        waits: Why the rule would not act now.
        approval: Role that would have to agree.
        steps: What would be done.
        predicted: The effect that is expected.
        temporary: It would be undone once its reason is gone.
        problem: Why it cannot be done here and now; empty if it can.
    """

    endpoint: str
    playbook: str
    rule: str = ""
    holds: bool = False
    waits: str = ""
    approval: str = ""
    steps: tuple[str, ...] = ()
    predicted: Effect = NOTHING
    temporary: bool = False
    problem: str = ""


class Statuses:
    """Keeps the newest status of every endpoint where other processes can read it."""

    def __init__(self, measurements: MeasurementStore) -> None:
        self._measurements = measurements
        self._told: dict[str, LoopStatus] = {}

    def tell(self, status: LoopStatus) -> None:
        """Keep a status, if it says something new or the last one is a minute old."""
        last = self._told.get(status.endpoint)
        if last is not None and status.time - last.time < RESTATED:
            same = replace(status, time=last.time, measures=last.measures) == last
            if same:
                return
        self._told[status.endpoint] = status
        self._measurements.write_report(subject_of(status.endpoint), status.time, to_plain(status))

    def read(self, endpoint: str) -> LoopStatus | None:
        """Return the newest status of an endpoint; None if nobody looked so far."""
        body = self._measurements.read_report(subject_of(endpoint))
        return None if body is None else from_plain(LoopStatus, body)


def subject_of(endpoint: str) -> str:
    """Return what an endpoint's statuses are kept under."""
    return f"loop:{endpoint}"


class LoopDesk:
    """Everything that people see and say of the loop.

    Args:
        incidents: The loop's memory.
        statuses: How it stands.
        consent: What people may say.
        endpoints: Gives the names of all endpoints.
        policy: What may be done.
        clock: The time.
    """

    def __init__(
        self,
        incidents: Incidents,
        statuses: Statuses,
        consent: Consent,
        endpoints: Callable[[], list[str]],
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._incidents = incidents
        self.statuses = statuses
        self.consent = consent
        self._endpoints = endpoints
        self._policy = policy
        self._clock = clock

    def status(self, endpoint: str = "") -> list[LoopStatus]:
        """Return how the loop stands, endpoint by endpoint, as of its newest looks."""
        names = [name for name in self._endpoints() if endpoint in ("", name)]
        found = (self.statuses.read(name) for name in names)
        return [one for one in found if one is not None]

    def proposals(self) -> list[Intervention]:
        """Return what waits for somebody's word, oldest first."""
        found = [one for one in self._incidents.interventions() if one.status == "proposed"]
        return sorted(found, key=lambda one: one.decided)

    def history(self, endpoint: str = "", *, days: float = 28.0) -> list[Deed]:
        """Return what the loop did within the last `days`, newest first."""
        since = self._clock.now() - days * _DAY
        found = deeds(
            self._incidents.interventions(endpoint),
            self._incidents.retrainings(endpoint),
            self._incidents.find(endpoint),
        )
        return [one for one in found if one.time >= since or one.ended is None]

    def plan(self, endpoint: str = "") -> list[Planned]:
        """Return what every rule, and every playbook by hand, would do now: nothing is done."""
        found = []
        for name in self._endpoints():
            if endpoint in ("", name):
                found += [*self._of_rules(name), *self._by_hand(name)]
        return found

    def _of_rules(self, endpoint: str) -> list[Planned]:
        status = self.statuses.read(endpoint)
        lines = {line.name: line for line in status.rules} if status else {}
        found = []
        for rule in rules_of(self._policy):
            planned = self._planned(rule.do, endpoint, rule.options)
            line = lines.get(rule.name)
            found.append(
                replace(
                    planned,
                    rule=rule.name,
                    holds=line.holds if line else False,
                    waits=line.waits if line else "nobody looks at present: keepwell up",
                    approval=line.approval if line else rule.approval,
                )
            )
        return found

    def _by_hand(self, endpoint: str) -> list[Planned]:
        return [self._planned(playbook, endpoint, {}) for playbook in PLAYBOOKS]

    def _planned(self, playbook: str, endpoint: str, options: Mapping[str, Any]) -> Planned:
        try:
            one = self.consent.draft(playbook, endpoint, options)
        except KeepwellError as error:
            problem = ": ".join(part for part in (error.what, error.why) if part)
            return Planned(endpoint=endpoint, playbook=playbook, problem=problem)
        return Planned(
            endpoint=endpoint,
            playbook=playbook,
            steps=one.steps,
            predicted=one.predicted,
            temporary=one.temporary,
        )
