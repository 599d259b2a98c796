"""Who caused which cost, in a stretch of time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keepwell.core.records import Resources, Run
from keepwell.core.spec import CostsSpec
from keepwell.monitoring.costs.prices import Cost, cost_of
from keepwell.monitoring.costs.usage import Used

GROUPS = ("run", "model", "endpoint", "user", "kind", "project")
"""What costs may be told by."""

THOUSAND = 1000.0
CALLED = "language models"
"""What calls of them are, among runs and serving."""

SHARED = "shared"
"""Who causes what nobody asked for in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What an endpoint used.

    Attributes:
        endpoint: Its name.
        model: The model behind it.
        used: In the stretch of time.
        own: It has workers of its own; otherwise its part of the general ones is a share by a rule.
    """

    endpoint: str
    model: str
    used: Used
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What an application asked of a language model for somebody.

    Attributes:
        app: The application.
        model: The model.
        user: For whom; empty where nobody says.
        requests: How many traces that was part of.
        cost: What it cost.
    """

    app: str
    model: str
    user: str
    requests: int
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a bill.

    Attributes:
        name: The run, model, endpoint or user.
        cost: What it cost.
        used: What it used.
        runs: How many runs that is of.
        rows: Predictions.
        per_thousand: What a thousand predictions cost; None where there were none.
        detail: What it was: of a run its kind and time; of others what is in it.
    """

    name: str
    cost: Cost = field(default_factory=Cost)
    used: Resources = field(default_factory=Resources)
    runs: int = 0
    rows: float = 0.0
    per_thousand: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a stretch of time cost.

    Attributes:
        by: What the lines are.
        since: Start, Unix seconds.
        until: End.
        currency: What amounts are in.
        priced: Some price is stated; else only the use is known.
        lines: Dearest first; the part that is shared last.
        total: All of it.
        notes: What is estimated, shared by a rule, or not measured.
    """

    by: str
    since: float
    until: float
    currency: str
    priced: bool
    lines: tuple[Line, ...] = ()
    total: Cost = field(default_factory=Cost)
    notes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was used in a stretch of time.

    Attributes:
        project: Whose it is.
        since: Start, Unix seconds.
        until: End.
        runs: Runs that ended in it, or still run.
        serving: Each endpoint.
        platform: What nobody asked for in particular.
        storage: What was kept.
        imported: What bills of a cloud say, by service.
        calls: What language models were asked.
    """

    project: str
    since: float
    until: float
    runs: Sequence[Run] = ()
    serving: Sequence[Serving] = ()
    platform: Used = field(default_factory=Used)
    storage: Used = field(default_factory=Used)
    imported: Mapping[str, float] = field(default_factory=dict)
    calls: Sequence[Calls] = ()


def bill_of(books: Books, spec: CostsSpec, by: str = "model") -> Bill:
    """Return what was used as a bill by one of `GROUPS`."""
    sums: dict[str, Line] = {}
    for name, line in _lines(books, spec, by):
        sums[name] = _together(sums[name], line) if name in sums else line
    shared = sums.pop(SHARED, None)
    dear = sorted(sums.values(), key=lambda one: (-one.cost.total, -one.used.cpu_seconds, one.name))
    lines = tuple(_per_thousand(one) for one in (*dear, *([shared] if shared else ())))
    total = Cost()
    for line in lines:
        total = total.plus(line.cost)
    return Bill(
        by=by,
        since=books.since,
        until=books.until,
        currency=spec.currency,
        priced=spec.prices.stated or bool(books.imported) or total.tokens > 0,
        lines=lines,
        total=total,
        notes=tuple(_notes(books, spec, total)),
    )


def _lines(books: Books, spec: CostsSpec, by: str) -> Iterable[tuple[str, Line]]:
    of_run, of_serving = _namers(books, by)
    for run in books.runs:
        taken = run.resources or Resources()
        detail = f"{run.kind}, {run.status}" if by == "run" else ""
        yield (
            name := of_run(run),
            Line(name=name, cost=cost_of(taken, spec), used=taken, runs=1, detail=detail),
        )
    for one in books.serving:
        taken = one.used.resources
        name = of_serving(one)
        detail = (
            "" if by != "endpoint" else "its own workers" if one.own else "a share of the workers"
        )
        yield (
            name,
            Line(
                name=name,
                cost=cost_of(taken, spec),
                used=taken,
                rows=one.used.rows,
                detail=detail,
            ),
        )
    rest = books.project if by == "project" else SHARED
    platform = books.platform.resources
    if platform.cpu_seconds or platform.memory_gb_seconds:
        yield rest, Line(name=rest, cost=cost_of(platform, spec), used=platform)
    if books.storage.gb_seconds:
        kept = cost_of(Resources(), spec, storage_gb_seconds=books.storage.gb_seconds)
        yield rest, Line(name=rest, cost=kept)
    for call in books.calls:
        name = _CALLERS[by](call, books.project)
        cost = Cost(tokens=call.cost)
        yield (
            name,
            Line(name=name, cost=cost, rows=call.requests, detail="" if by == "kind" else CALLED),
        )
    for service, amount in books.imported.items():
        name = rest if by == "project" else f"bill: {service}"
        yield name, Line(name=name, cost=Cost(imported=amount), detail="imported")


_CALLERS: Mapping[str, Callable[[Calls, str], str]] = {
    "run": lambda call, _: f"calls of {call.app}",
    "model": lambda call, _: call.model or "unknown",
    "endpoint": lambda call, _: call.app,
    "user": lambda call, _: call.user or "unknown",
    "kind": lambda _, __: CALLED,
    "project": lambda _, project: project,
}


def _namers(books: Books, by: str) -> tuple[Callable[[Run], str], Callable[[Serving], str]]:
    """Return how runs and endpoints are named where costs are told by something."""
    models = {one.model: one.endpoint for one in books.serving}

    def model(run: Run) -> str:
        return run.model.rpartition("/")[0] or run.project

    def user(run: Run) -> str:
        return (run.resources.user if run.resources else "") or "unknown"

    def endpoint(run: Run) -> str:
        return models.get(model(run), SHARED)

    names: dict[str, tuple[Callable[[Run], str], Callable[[Serving], str]]] = {
        "run": (lambda run: run.id, lambda one: f"serving {one.endpoint}"),
        "model": (model, lambda one: one.model),
        "endpoint": (endpoint, lambda one: one.endpoint),
        "user": (user, lambda one: f"serving {one.endpoint}"),
        "kind": (lambda run: run.kind, lambda _: "serving"),
        "project": (lambda run: run.project, lambda _: books.project),
    }
    return names[by]


def _together(one: Line, other: Line) -> Line:
    return replace(
        one,
        cost=one.cost.plus(other.cost),
        used=one.used.plus(other.used),
        runs=one.runs + other.runs,
        rows=one.rows + other.rows,
        detail=other.detail or one.detail,
    )


def _per_thousand(line: Line) -> Line:
    """Return a line with what a thousand predictions cost, training included."""
    if not line.rows:
        return line
    return replace(line, per_thousand=line.cost.total / line.rows * THOUSAND)


def _notes(books: Books, spec: CostsSpec, total: Cost) -> Iterable[str]:
    if not spec.prices.stated:
        of = " of machines" if total.tokens else ""
        yield f"no price{of} is stated: `costs: {{prices: {{cpu_hour: 0.04}}}}` in keepwell.yaml"
    unmeasured = sum(run.resources is None for run in books.runs)
    if unmeasured:
        yield f"{unmeasured} of {len(books.runs)} runs were not measured and count nothing"
    if any(run.resources is not None and run.resources.shared for run in books.runs):
        yield "runs of one process at the same time count its use each"
    if any(not one.own and one.used.cpu_seconds for one in books.serving):
        yield (
            "general workers are shared: processor time by how long requests took, "
            "memory by equal parts"
        )
    if total.estimated:
        yield (
            f"energy is estimated: {spec.power.core_watts:g} W for a processor at work, "
            f"{spec.power.gpu_watts:g} W for a GPU that is held"
        )
