"""One word, and a tone, for how a thing is doing.

The tone (`good`, `watch`, `bad`, `info`, `quiet`) decides shape and colour; the word always says it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keepwell.core.records import Endpoint, Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a thing is doing; `working` while something is being done about it."""

    tone: str
    word: str
    detail: str = ""
    working: bool = False


_INCIDENT = {
    "open": Health(tone="bad", word="Open"),
    "retraining": Health(tone="info", word="Retraining", working=True),
    "rolling_out": Health(tone="info", word="Rolling out", working=True),
    "verifying": Health(tone="info", word="Verifying", working=True),
}
_RESOLUTION = {
    "healed": Health(tone="good", word="Healed"),
    "no_change": Health(tone="quiet", word="No change needed"),
    "failed": Health(tone="bad", word="Not healed"),
    "recovered": Health(tone="good", word="Recovered"),
    "by_hand": Health(tone="quiet", word="Closed by hand"),
}
_RUN = {
    "running": Health(tone="info", word="Running", working=True),
    "done": Health(tone="good", word="Done"),
    "failed": Health(tone="bad", word="Failed"),
    "killed": Health(tone="watch", word="Killed"),
}
_ROLLOUT = {
    "running": Health(tone="info", word="In progress", working=True),
    "promoted": Health(tone="good", word="Promoted"),
    "aborted": Health(tone="watch", word="Went back"),
    "abort_failed": Health(tone="bad", word="Could not go back"),
    "completed": Health(tone="good", word="Compared"),
    "rolled_back": Health(tone="watch", word="Taken back"),
    "rollback_failed": Health(tone="bad", word="Could not be taken back"),
}


def of_endpoint(endpoint: Endpoint, troubles: Sequence[Incident], signals: int) -> Health:
    """Return the health of an endpoint from its open incidents and the newest look's signals."""
    if endpoint.champion is None:
        return Health(tone="quiet", word="No model yet", detail="nothing answers here so far")
    if troubles:
        state = of_incident(troubles[0])
        if state.working:
            return Health(tone="info", word=state.word, detail=troubles[0].title, working=True)
        return Health(tone="bad", word="Incident", detail=troubles[0].title)
    if signals:
        return Health(tone="watch", word="Watching", detail="something is outside its limits")
    return Health(tone="good", word="Healthy", detail="nothing is outside its limits")


def of_incident(incident: Incident) -> Health:
    """Return where an incident stands, or how it ended."""
    if incident.status == "closed":
        return _RESOLUTION.get(incident.resolution, Health(tone="quiet", word="Closed"))
    return _INCIDENT.get(incident.status, Health(tone="bad", word=incident.status))


def of_run(status: str) -> Health:
    """Return how a run stands."""
    return _RUN.get(status, Health(tone="quiet", word=status))


def of_rollout(status: str) -> Health:
    """Return how a rollout stands."""
    return _ROLLOUT.get(status, Health(tone="quiet", word=status))
