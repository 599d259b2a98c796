"""An endpoint's rollouts: the newest one in full, the others in a line, and what served when."""

from typing import TYPE_CHECKING, Any

from keepwell.console.views import health
from keepwell.core.records import Rollout
from keepwell.deployment.rollouts.timeline import timeline

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN = 20
SHOWN_STEPS = 12
SHOWN_PERIODS = 30
_NOTHING: dict[str, Any] = {
    "awaits": None,
    "arms": None,
    "paired": None,
    "ratio": None,
    "decision": "",
}


def rollouts(workspace: "Workspace", name: str, *, rollout: str = "") -> dict[str, Any]:
    """Return the context of `rollouts.html`; `rollout` says which one is shown in full."""
    endpoint = workspace.endpoints.read(name)
    found = workspace.rollouts.find(name, SHOWN)
    shown = next((one for one in found if one.id == rollout), found[0] if found else None)
    return {
        "endpoint": endpoint,
        "rollouts": [(item, health.of_rollout(item.status)) for item in found],
        "shown": shown,
        "state": health.of_rollout(shown.status) if shown is not None else None,
        "steps": shown.history[-SHOWN_STEPS:] if shown is not None else (),
        "said": {**_NOTHING, **(workspace.desk.describe(shown) if shown is not None else {})},
        "ends": _ends(shown),
        "periods": timeline(workspace.endpoints, name, SHOWN_PERIODS),
    }


def _ends(rollout: Rollout | None) -> str:
    """Return what a visitor may do about a rollout: the command for it."""
    if rollout is None:
        return "keepwell rollout start VERSION"
    if rollout.status == "running":
        return "keepwell rollout promote" if rollout.stepwise else "keepwell rollout status"
    return "keepwell rollout back" if rollout.status == "promoted" else ""
