"""What the month has cost so far, against its budget; what waits for nobody; what each use case brings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keepwell.console.views.home import recent_incidents
from keepwell.monitoring.costs.bill import Bill
from keepwell.monitoring.costs.budget import month_of

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN_RUNS = 10


def _told(bills: Mapping[str, Bill]) -> list[str]:
    """Return by what the bill is told; only once where nobody in particular used anything."""
    told = [by for by, bill in bills.items() if by != "run" and bill.lines]
    return told if any(len(bills[by].lines) > 1 for by in told) else told[:1]


def costs(workspace: "Workspace") -> dict[str, Any]:
    """Return the context of `costs.html`."""
    now = workspace.clock.now()
    since, _ = month_of(now)
    ledger, spec = workspace.ledger, workspace.spec.costs
    bills = {by: ledger.bill(since, now, by) for by in ("model", "endpoint", "kind", "user", "run")}
    troubled = {one.endpoint for one in recent_incidents(workspace) if one.status != "closed"}
    runs = [line for line in bills["run"].lines if line.runs]
    return {
        "since": since,
        "currency": spec.currency,
        "priced": bills["model"].priced,
        "bills": {by: bill for by, bill in bills.items() if by in _told(bills)},
        "bill": bills["model"],
        "runs": runs[:SHOWN_RUNS],
        "more_runs": max(0, len(runs) - SHOWN_RUNS),
        "budget": ledger.budget(),
        "idle": ledger.idle(),
        "idle_after": spec.idle.after,
        "stops": spec.idle.stop,
        "use_cases": ledger.use_cases(since, now, troubled),
    }
