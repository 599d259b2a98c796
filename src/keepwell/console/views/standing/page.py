"""The page of how an endpoint stands."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.console.views.health import Health
from keepwell.console.wording import duration, label, score
from keepwell.monitoring.objectives import Budget, budget_left, good_share
from keepwell.operations.standing import Standing, standing_of

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN = 10
"""Periods in the table, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An objective as the page tells it."""

    budget: Budget
    name: str
    promised: str
    now: str
    health: Health

    @property
    def left(self) -> str:
        """How much of the budget is left, or how many times over it is used up."""
        return budget_left(self.budget)


def standing(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return the context of `standing.html`."""
    endpoint = workspace.endpoints.read(name)
    found = standing_of(workspace.measurements, name)
    points = found.points[-SHOWN:][::-1] if found else ()
    advised = found.advice.verdict if found else ""
    return {
        "endpoint": endpoint,
        "standing": found,
        "points": points,
        "advised": Health(
            tone={"retrain now": "watch"}.get(advised, "quiet"),
            word=advised.capitalize() or "Nothing known yet",
        ),
        "promises": [_promise(one) for one in found.budgets] if found else [],
        "notes": _notes(found),
        "track": found.tracks.get(found.version) if found else None,
        "half": duration(found.delays.quantile(0.5)) if found and found.delays.seconds else "",
    }


def _promise(budget: Budget) -> Promise:
    objective, burning = budget.objective, any(burn.firing for burn in budget.burns)
    share = f"{objective.target * 100:.6g}%"
    promised = {
        "latency": f"{share} below {objective.limit:g} ms",
        "freshness": f"at most {duration(objective.limit)} old",
        "quality": f"{label(objective.of)} {score(objective.limit)}",
    }.get(objective.kind, share)
    now = "—" if budget.share is None else good_share(budget)
    if objective.kind == "freshness" and budget.now is not None:
        now = f"{duration(budget.now)} old"
    if objective.kind == "quality" and budget.now is not None:
        now = score(budget.now)
    if budget.left is None:
        state = Health(tone="quiet", word="No data yet")
    elif burning:
        state = Health(tone="bad", word="Burning")
    elif budget.left <= 0:
        state = Health(tone="watch", word="Used up")
    else:
        state = Health(tone="good", word="Kept")
    return Promise(
        budget=budget, name=label(objective.name), promised=promised, now=now, health=state
    )


def _notes(found: Standing | None) -> list[str]:
    """Return why columns cannot be told of, each said once."""
    if found is None:
        return []
    return list(dict.fromkeys(point.note for point in found.groups if point.note))
