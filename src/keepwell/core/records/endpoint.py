"""An endpoint is a stable name; routes say which versions stand behind it."""

from dataclasses import dataclass

from keepwell.core.records.model import GateVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A model version behind an endpoint and its share of the traffic."""

    version: int
    weight: float  # percent of keys, 0..100; the weights of an endpoint add up to 100
    role: str = "champion"  # or "challenger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A stable name that answers predictions.

    Attributes:
        name: The endpoint.
        model: The registered model whose versions it serves.
        routes: Who answers what share; the champion first.
        key: Column whose value makes a canary sticky; empty: by request.
        rollout: Id of the rollout in progress; empty if none.
    """

    name: str
    model: str
    routes: tuple[Route, ...] = ()
    key: str = ""
    rollout: str = ""

    @property
    def champion(self) -> int | None:
        """Version that carries the champion's role."""
        return next((route.version for route in self.routes if route.role == "champion"), None)

    @property
    def challenger(self) -> int | None:
        """Version on trial, if any."""
        return next((route.version for route in self.routes if route.role == "challenger"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStep:
    """How one step of a rollout went.

    Attributes:
        percent: The candidate's share.
        started: Unix seconds.
        ended: Unix seconds; None while it lasts.
        verdict: How it was judged.
        verified: Whether the live endpoint was seen to answer so; None if nobody asked.
        finding: What was seen instead.
    """

    percent: float
    started: float
    ended: float | None = None
    verdict: GateVerdict | None = None
    verified: bool | None = None
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The way of a challenger to the champion's place, or back.

    `status`: `running`, `promoted`, `aborted` (went back, verified) or `abort_failed` (the endpoint
    still answers with the challenger: nothing is claimed that was not seen).
    """

    id: str
    endpoint: str
    candidate: int
    baseline: int
    strategy: str  # "canary" or "all-at-once"
    steps: tuple[float, ...]  # percent, ascending, ends with 100
    hold: float  # seconds per step
    history: tuple[RolloutStep, ...] = ()
    status: str = "running"
    started: float = 0.0
    ended: float | None = None
    reason: str = ""
    incident: str = ""
