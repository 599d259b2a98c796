"""Where the loop writes down what it decides, and remembers from."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from keepwell.core.records import Decision, Incident, Intervention
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.view import Accepted, Memory

_LATELY = 5
"""How many incidents that closed by themselves are remembered, to be gone on with."""


REMEMBERED = 50
"""How many interventions that are over, and retrainings, a look remembers."""


class Journal(Protocol):
    """The memory of the loop.

    Law: `write` keeps all of what it is given or nothing, and what it kept outlives the process;
    `recall` shows what was written last.
    """

    def write(
        self,
        *decisions: Decision,
        incident: Incident | None = None,
        retraining: Retraining | None = None,
        interventions: Sequence[Intervention] = (),
    ) -> None:
        """Keep decisions with the records that they change (None: unchanged), each under its id."""
        ...

    def recall(self, endpoint: str, version: int) -> Memory:
        """Return what matters now of what was written about an endpoint with this champion."""
        ...

    def last_decision(self, endpoint: str) -> Decision | None:
        """Return the decision about an endpoint that was written last."""
        ...


class DraftJournal:
    """Remembers in memory only: for dry runs, simulations and tests.

    Attributes:
        decisions: As they stand, oldest first, by id.
        incidents: As they stand, oldest first, by id.
        retrainings: As they stand, oldest first, by id.
        interventions: As they stand, oldest first, by key.
    """

    def __init__(self) -> None:
        self.decisions: dict[str, Decision] = {}
        self.incidents: dict[str, Incident] = {}
        self.retrainings: dict[str, Retraining] = {}
        self.interventions: dict[str, Intervention] = {}

    def write(
        self,
        *decisions: Decision,
        incident: Incident | None = None,
        retraining: Retraining | None = None,
        interventions: Sequence[Intervention] = (),
    ) -> None:
        """Keep decisions with the records that they change."""
        self.decisions.update({decision.id: decision for decision in decisions})
        if incident is not None:
            self.incidents[incident.id] = incident
        if retraining is not None:
            self.retrainings[retraining.key] = retraining
        self.interventions.update({item.key: item for item in interventions})

    def recall(self, endpoint: str, version: int) -> Memory:
        """Return what matters now of what was written about an endpoint."""
        return memory_of(
            endpoint,
            version,
            reversed(self.incidents.values()),
            self.retrainings.values(),
            self.interventions.values(),
        )

    def last_decision(self, endpoint: str) -> Decision | None:
        """Return the decision about an endpoint that was written last."""
        return next((d for d in reversed(self.decisions.values()) if d.endpoint == endpoint), None)


def memory_of(
    endpoint: str,
    version: int,
    incidents: Iterable[Incident],
    retrainings: Iterable[Retraining],
    interventions: Iterable[Intervention] = (),
) -> Memory:
    """Return what matters of an endpoint's records, incidents given newest first.

    Of a signal that several incidents accepted, the newest incident's word counts.
    """
    mine = [incident for incident in incidents if incident.endpoint == endpoint]
    trained = sorted(
        (item for item in retrainings if item.endpoint == endpoint), key=lambda item: item.decided
    )
    done = sorted(
        (item for item in interventions if item.endpoint == endpoint), key=lambda item: item.decided
    )
    over = [item for item in done if item.over][-REMEMBERED:]
    times = [item.decided for item in trained if item.mode != "prove"]
    accepted: dict[tuple[str, str], Accepted] = {}
    for incident in reversed(mine):
        for signal in incident.accepted:
            if signal.version in (0, version):
                accepted[signal.kind, signal.column] = Accepted(
                    kind=signal.kind,
                    column=signal.column,
                    version=signal.version,
                    value=signal.value,
                    incident=incident.id,
                    until=incident.accepted_until,
                )
    passed = [
        item
        for item in mine
        if item.status == "closed" and item.resolution == "no_change" and not item.accepted
    ]
    return Memory(
        lately=tuple(passed[:_LATELY]),
        incident=next((item for item in mine if item.status != "closed"), None),
        retraining=next((item for item in reversed(trained) if not item.settled), None),
        last_retraining=times[-1] if times else None,
        retrained=tuple(times[-REMEMBERED:]),
        accepted=tuple(accepted.values()),
        retrainings=tuple(trained[-REMEMBERED:]),
        interventions=tuple(item for item in done if not item.over or item in over),
    )


if TYPE_CHECKING:
    _: type[Journal] = DraftJournal
