"""Rollouts of all endpoints: what runs and what it waits for, and how the others ended."""

from typing import TYPE_CHECKING, Any

from keepwell.console.views import health

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN = 50


def overview(workspace: "Workspace") -> dict[str, Any]:
    """Return the context of `trials.html`."""
    found = workspace.rollouts.find(limit=SHOWN)
    alive = ("running", "abort_failed", "rollback_failed")
    running = [one for one in found if one.status in alive]
    versions = workspace.registry.versions(workspace.spec.name)
    endpoints = workspace.endpoints.find()
    return {
        "running": [
            (one, health.of_rollout(one.status), workspace.desk.awaits(one)) for one in running
        ],
        "past": [(one, health.of_rollout(one.status)) for one in found if one not in running],
        "endpoints": endpoints,
        "command": _start(
            [one.version for one in versions], {one.champion for one in endpoints} - {None}
        ),
    }


def _start(versions: list[int], serving: set[int | None]) -> str:
    """Return what makes the first rollout: a version that does not serve yet is tried."""
    others = [version for version in versions if version not in serving]
    return f"keepwell rollout start {max(others)}" if others else "keepwell run"
