"""Ends what was noted only, so that the loop goes on as if it were over: cooldowns run, nothing else."""

from collections.abc import Sequence
from dataclasses import replace

from keepwell.core.clock import Clock
from keepwell.core.identifiers import new_id
from keepwell.core.records import Decision, Incident, Intervention
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.view import View
from keepwell.operations.simulation.acting.unknown import why_noted
from keepwell.operations.simulation.result import SIMULATED


class Settling:
    """Writes into the record of a simulation that something was noted, and why it was not carried out.

    Args:
        journal: That record.
        clock: The simulated time.
        endpoint: Where.
        acts: Whether what can be known is carried out in this simulation.

    Attributes:
        noted: Keys of the interventions that were noted only.
    """

    def __init__(self, journal: Incidents, clock: Clock, endpoint: str, *, acts: bool) -> None:
        self._journal = journal
        self._clock = clock
        self._endpoint = endpoint
        self._acts = acts
        self.noted: set[str] = set()

    def retraining(self, view: View, retraining: Retraining, outcomes: int) -> None:
        """End a retraining: the cooldown runs, and the incident is closed as simulated."""
        reason = (
            f"it would be retrained here, on {outcomes:,} outcomes;"
            " nothing is trained in this simulation, so what follows from it is not known"
        )
        incident = self._journal.get(retraining.incident) if retraining.incident else None
        asked = [
            one
            for one in self._journal.interventions(self._endpoint)
            if one.id == retraining.id and not one.over
        ]
        self._journal.write(
            self._decision(reason, retraining.incident, closes=incident is not None),
            incident=None if incident is None else self._closed(incident, view, reason),
            retraining=replace(retraining, settled=SIMULATED),
            interventions=self._kept(asked, reason),
        )

    def intervention(self, one: Intervention) -> None:
        """End an intervention: its rule rests for its cooldown."""
        reason = (
            f"{one.playbook} is decided here ({one.reason});"
            f" {why_noted(one.playbook, acts=self._acts)}"
        )
        stored, _ = self._journal.intervention(one.key)
        self._journal.write(
            self._decision(reason, one.incident), interventions=self._kept([stored], reason)
        )

    def _kept(self, those: Sequence[Intervention], reason: str) -> list[Intervention]:
        self.noted |= {one.key for one in those}
        now = self._clock.now()
        return [replace(one, status="kept", ended=now, outcome=reason) for one in those]

    def _decision(self, reason: str, incident: str, *, closes: bool = False) -> Decision:
        now = self._clock.now()
        return Decision(
            id=new_id(now),
            time=now,
            endpoint=self._endpoint,
            action="close" if closes else "note",
            reason=reason,
            incident=incident,
            outcome="done",
        )

    def _closed(self, incident: Incident, view: View, reason: str) -> Incident:
        """Return an incident as closed; its signals are no news until they grow, or at another version."""
        return replace(
            incident,
            status="closed",
            closed=self._clock.now(),
            resolution=SIMULATED,
            summary=f"{reason[:1].upper()}{reason[1:]}.",
            accepted=tuple(one for one in incident.signals if view.is_current(one)),
        )
