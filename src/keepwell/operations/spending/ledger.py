"""The project's books: what runs and endpoints used, as a bill, a budget, a list of what is idle."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.clock import Clock
from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Endpoint, Run, Scale
from keepwell.core.spec import ProjectSpec
from keepwell.monitoring.costs import usage
from keepwell.monitoring.costs.bill import Bill, Books, Calls, Line, Serving, bill_of
from keepwell.monitoring.costs.billing import imported
from keepwell.monitoring.costs.budget import BudgetState, month_of, state_of
from keepwell.monitoring.costs.idle import Idle, Waiting, idle_endpoints
from keepwell.monitoring.costs.prices import Cost, cost_of
from keepwell.operations.spending.parking import parked
from keepwell.operations.spending.returns import earned, gain
from keepwell.tracking.meters import recalled

if TYPE_CHECKING:
    from keepwell.deployment.endpoints import Endpoints
    from keepwell.tracking.registry import Registry
    from keepwell.tracking.runs import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCase:
    """What a model is for, at a glance: how it stands, what it brings, what it costs.

    Attributes:
        name: The endpoint.
        owner: Who answers for it, as `card.owner` says.
        status: `serving`, `incident` or `no model`.
        model: The model and version that serves.
        metric: What it is judged by.
        promised: That metric when it went live.
        live: That metric now; None while no outcomes are known.
        kpis: The newest value of each KPI that is measured.
        rows: Predictions in the stretch of time.
        cost: What it cost in it, its training included.
        per_thousand: What a thousand predictions cost; None where there were none.
        earned: What it brought in, by the KPIs that are money; None where none is.
    """

    name: str
    owner: str
    status: str
    model: str
    metric: str
    promised: float | None
    live: float | None
    kpis: dict[str, float]
    rows: float
    cost: Cost
    per_thousand: float | None
    earned: float | None = None

    @property
    def roi(self) -> float | None:
        """Return on what was spent, as a share of it; None where either is not known."""
        return gain(self.earned, self.cost.total)


class Ledger:
    """Reads the books of a workspace.

    Args:
        spec: The project.
        home: The workspace's folder.
        runs: Recorded executions.
        endpoints: What serves.
        registry: The models.
        measurements: Where use is kept.
        clock: Tells the time.
        calls: Gives what language models were asked in a stretch of time.
    """

    def __init__(  # noqa: PLR0913 (parts that are put together in one place)
        self,
        spec: ProjectSpec,
        home: Path,
        runs: "Runs",
        endpoints: "Endpoints",
        registry: "Registry",
        measurements: MeasurementStore,
        clock: Clock,
        *,
        calls: Callable[[float, float], Sequence[Calls]] = lambda since, until: (),
    ) -> None:
        self._calls = calls
        self.spec = spec
        self._home = home
        self._runs = runs
        self._endpoints = endpoints
        self._registry = registry
        self._measurements = measurements
        self._clock = clock

    def books(self, since: float, until: float, scale: Scale | None = None) -> Books:
        """Return what was used in a stretch of time."""

        def used(subject: str) -> usage.Used:
            return usage.used(self._measurements, subject, since, until)

        pools = (scale or Scale()).pools
        return Books(
            project=self.spec.name,
            since=since,
            until=until,
            runs=[self._measured(run) for run in self._runs.find() if _within(run, since, until)],
            serving=[
                Serving(
                    endpoint=one.name,
                    model=one.model,
                    used=used(f"endpoint:{one.name}"),
                    own=bool(pools.get(one.name)),
                )
                for one in self._endpoints.find()
            ],
            platform=used(usage.PLATFORM),
            storage=used(usage.STORAGE),
            imported=imported(self._measurements, since, until),
            calls=self._calls(since, until),
        )

    def bill(self, since: float, until: float, by: str = "model") -> Bill:
        """Return the bill of a stretch of time."""
        return bill_of(self.books(since, until), self.spec.costs, by)

    def budget(self) -> BudgetState | None:
        """Return how this month's budget stands; None if there is none."""
        costs, now = self.spec.costs, self._clock.now()
        if costs.budget.monthly is None:
            return None
        since, _ = month_of(now)
        spent = self.bill(since, now, "project").total.total
        return state_of(costs.budget, spent, now, costs.currency)

    def must_allow(self, what: str) -> None:
        """Refuse to start something that costs, where this month's budget is spent.

        Raises:
            BudgetError: If it is.
        """
        state = self.budget()
        if state is not None:
            state.must_allow(what)

    def idle(self) -> list[Idle]:
        """Return the endpoints that nobody has asked for long."""
        from keepwell.deployment.server.supervisor import living

        states = living(self._home)
        if not states:  # nothing waits where nothing is up
            return []
        names = [one.name for one in self._endpoints.find() if one.champion is not None]
        general = sum(state.rss for state in states if not state.pool) / max(len(names), 1)
        ended, waiting = parked(self._measurements), {}
        for name in names:
            subject = f"endpoint:{name}"
            begun = usage.first_seen(self._measurements, subject)
            if begun is None:
                continue
            own = [one.rss for one in states if one.pool == name]
            waiting[name] = Waiting(
                last=usage.last_growth(self._measurements, subject, "requests"),
                begun=begun,
                workers=len(own),
                memory=sum(own) if own else int(general),
                parked=ended.get(name, 0),
            )
        return idle_endpoints(waiting, self._cost_since, self.spec.costs, self._clock.now())

    def _cost_since(self, endpoint: str, since: float) -> float:
        now = self._clock.now()
        found = usage.used(self._measurements, f"endpoint:{endpoint}", since, now)
        return cost_of(found.resources, self.spec.costs).total

    def use_cases(self, since: float, until: float, troubled: Collection[str]) -> list[UseCase]:
        """Return each endpoint as what it is for; `troubled` have an open incident."""
        lines = {line.name: line for line in self.bill(since, until, "endpoint").lines}
        return [
            replace(
                self._use_case(one, lines.get(one.name, Line(name=one.name)), one.name in troubled),
                earned=self._earned(one.name, since, until),
            )
            for one in self._endpoints.find()
        ]

    def _earned(self, endpoint: str, since: float, until: float) -> float | None:
        from keepwell.operations.standing import standing_of

        standing = standing_of(self._measurements, endpoint)
        return None if standing is None else earned(standing.kpis, since, until, self._clock.now())

    def _use_case(self, endpoint: Endpoint, line: Line, troubled: bool) -> UseCase:
        champion = (
            None
            if endpoint.champion is None
            else self._registry.get(endpoint.model, endpoint.champion)
        )
        newest = self._measurements.series(f"endpoint:{endpoint.name}", limit=1)
        last = {name: points[-1].value for name, points in newest.items() if points}
        promised = champion.metrics.get(champion.metric) if champion else None
        return UseCase(
            name=endpoint.name,
            owner=self.spec.card.owner,
            status="no model" if champion is None else "incident" if troubled else "serving",
            model=champion.key if champion else "",
            metric=champion.metric if champion else "",
            promised=promised.value if promised else None,
            live=last.get(f"metric:{champion.metric}") if champion else None,
            kpis={
                name.removeprefix("kpi:"): value
                for name, value in last.items()
                if name.startswith("kpi:")
            },
            rows=line.rows,
            cost=line.cost,
            per_thousand=line.per_thousand,
        )

    def _measured(self, run: Run) -> Run:
        """Return a run that is under way with what it took so far."""
        if run.resources is not None or run.status != "running":
            return run
        return replace(run, resources=recalled(self._runs.machine(run.id)))


def _within(run: Run, since: float, until: float) -> bool:
    return run.started <= until and (run.ended is None or run.ended >= since)
