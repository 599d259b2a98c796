"""An endpoint is a stable name; routes say which versions stand behind it."""

from dataclasses import dataclass, field
from typing import Any

from keepwell.core.records.flags import Flags
from keepwell.core.records.model import GateVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A model version behind an endpoint and its share of the traffic."""

    version: int
    weight: float  # percent of keys, 0..100; the weights of an endpoint add up to 100
    role: str = "champion"  # or "challenger", "standby" (loaded, ready to be switched back to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A column of which nothing that is sent is believed.

    Attributes:
        column: The input column.
        value: What stands in its place; None: it is missing, and the model's own way with gaps answers.
        since: Unix seconds.
        reason: Why, for whoever reads an answer or the log.
    """

    column: str
    value: str | int | float | bool | None = None
    since: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A stable name that answers predictions.

    Attributes:
        name: The endpoint.
        model: The registered model whose versions it serves.
        routes: Who answers what share; the champion first.
        key: Column whose value makes a canary sticky; empty: by request.
        rollout: Id of the rollout in progress; empty if none.
        previous: The champion before this one; 0 if there was none.
        flags: What is switched without a deployment.
        logs: Versions whose columns are logged with every row, whoever answers it: a rollout compares.
        external: Its model answers somewhere else; here its predictions are only watched.
        quarantined: Columns that are not believed while a break upstream lasts.
        most_rows: Rows that one request may have, where that is fewer than `serve.limits` says; 0: as those.
    """

    name: str
    model: str
    routes: tuple[Route, ...] = ()
    key: str = ""
    rollout: str = ""
    previous: int = 0
    flags: Flags = field(default_factory=Flags)
    logs: tuple[int, ...] = ()
    external: bool = False
    quarantined: tuple[Quarantined, ...] = ()
    most_rows: int = 0

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
        percent: The candidate's share; of several candidates their shares together.
        started: Unix seconds.
        ended: Unix seconds; None while it lasts.
        verdict: How it was judged.
        verified: Whether the live endpoint was seen to answer so; None if nobody asked.
        finding: What was seen instead.
        shares: Percent by version (as text), where there are several candidates.
        numbers: What the shares or the verdict rest on.
    """

    percent: float
    started: float
    ended: float | None = None
    verdict: GateVerdict | None = None
    verified: bool | None = None
    finding: str = ""
    shares: dict[str, float] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The way of a challenger to the champion's place, or back.

    `status`: `running`, `promoted`, `completed` (a comparison that has ended and changed nothing),
    `aborted` (went back, verified), `abort_failed` (the endpoint still answers with the challenger:
    nothing is claimed that was not seen), and, after a promotion, `rolled_back` or `rollback_failed`.

    Attributes:
        candidate: The version on trial; the first of several.
        baseline: The champion that it is compared with.
        candidates: All versions on trial, where there are several.
        steps: Percent, ascending; from 0 where the candidate is loaded before it answers.
        hold: Seconds per step.
        keep: Seconds that the version before stays loaded after a blue-green switch.
        sample: Share of the rows that the other version scores too, off the path.
        watch: Seconds after a promotion in which it is taken back if it proves worse.
        every: Seconds between two allocations of a bandit.
        explore: Percent that a bandit gives each version at least.
        reward: What a bandit maximises: `correct` answers, or the `outcome` itself.
        watched_until: End of the watch; None if nothing is watched (any more).
        kept_until: Until when the version before can be switched back to; None if it cannot.
        notes: What was found at the end of the watch.
    """

    id: str
    endpoint: str
    candidate: int
    baseline: int
    strategy: str  # see `core.spec.STRATEGIES`
    steps: tuple[float, ...]
    hold: float
    history: tuple[RolloutStep, ...] = ()
    status: str = "running"
    started: float = 0.0
    ended: float | None = None
    reason: str = ""
    incident: str = ""
    candidates: tuple[int, ...] = ()
    keep: float = 0.0
    sample: float = 1.0
    watch: float = 0.0
    every: float = 300.0
    explore: float = 5.0
    reward: str = "correct"
    watched_until: float | None = None
    kept_until: float | None = None
    notes: str = ""

    @property
    def arms(self) -> tuple[int, ...]:
        """Every version that takes part, the champion first."""
        return (self.baseline, *(self.candidates or (self.candidate,)))

    @property
    def stepwise(self) -> bool:
        """Whether one candidate goes step by step to all traffic."""
        return self.strategy in ("canary", "all-at-once", "blue-green")
