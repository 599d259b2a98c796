"""What served when: every change of an endpoint's routes and flags, and the state at any time."""

from dataclasses import dataclass

from keepwell.core.records import Endpoint, Flags, Route
from keepwell.deployment.endpoints import Endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time in which an endpoint was served in one way.

    Attributes:
        since: Its begin, Unix seconds.
        until: Its end; None if it goes on.
        change: What began it: `deployed`, `routed`, `killed` …
        why: The reason that was given.
        champion: The champion then.
        routes: Who answered what share.
        rollout: The rollout in progress; empty if none.
        flags: What was switched.
    """

    since: float
    until: float | None
    change: str
    why: str
    champion: int | None
    routes: tuple[Route, ...]
    rollout: str
    flags: Flags


def timeline(endpoints: Endpoints, name: str, limit: int | None = None) -> list[Period]:
    """Return an endpoint's periods, newest first."""
    endpoints.read(name)
    periods: list[Period] = []
    until: float | None = None
    for time, verb, why, state in endpoints.history(name, limit):
        periods.append(_period(time, until, verb, why, state))
        until = time
    return periods


def _period(since: float, until: float | None, verb: str, why: str, state: Endpoint) -> Period:
    return Period(
        since=since,
        until=until,
        change=verb,
        why=why,
        champion=state.champion,
        routes=state.routes,
        rollout=state.rollout,
        flags=state.flags,
    )
