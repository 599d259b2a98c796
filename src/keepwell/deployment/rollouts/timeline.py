"""What served when: every change of an endpoint's routes and flags, and the state at any time."""

from dataclasses import dataclass

from keepwell.core.records import Endpoint, Flags, Route
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.flags.steps import read_fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time in which an endpoint was served in one way.

    Attributes:
        since: Its begin, Unix seconds.
        until: Its end; None if it goes on.
        change: What began it: `deployed`, `routed`, `killed` …
        why: The reason that was given.
        champion: The champion then.
        routes: Who was to answer what share.
        answering: Who answered it: nobody while the models are switched off, or the version that the
            fallback names first.
        rollout: The rollout in progress; empty if none.
        flags: What was switched.
    """

    since: float
    until: float | None
    change: str
    why: str
    champion: int | None
    routes: tuple[Route, ...]
    answering: tuple[Route, ...]
    rollout: str
    flags: Flags


def timeline(endpoints: Endpoints, name: str, limit: int | None = None) -> list[Period]:
    """Return an endpoint's periods, newest first."""
    found = endpoints.history(name, limit)
    if not found:
        endpoints.read(name)  # says that there is none
    periods: list[Period] = []
    until: float | None = None
    for time, verb, why, state in found:
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
        answering=_answering(state),
        rollout=state.rollout,
        flags=state.flags,
    )


def _answering(state: Endpoint) -> tuple[Route, ...]:
    if not state.flags.killed:
        return state.routes
    first = [read_fallback(one, previous=state.previous) for one in state.flags.fallback[:1]]
    return tuple(
        Route(version=step.version, weight=100.0, role="fallback") for step in first if step.version
    )
