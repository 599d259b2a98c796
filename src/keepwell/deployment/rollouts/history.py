"""What a rollout remembers of its steps."""

from collections.abc import Sequence
from dataclasses import replace

from keepwell.core.errors import UsageError
from keepwell.core.records import Rollout, RolloutStep, Route


def step_of(routes: Sequence[Route], now: float) -> RolloutStep:
    """Return the step that begins with these routes."""
    percent = sum(route.weight for route in routes if route.role == "challenger")
    several = len(routes) > 2  # noqa: PLR2004 (champion and candidate need no list)
    shares = {str(route.version): route.weight for route in routes} if several else {}
    return RolloutStep(percent=percent, started=now, shares=shares)


def choose(rollout: Rollout, version: int | None) -> Rollout:
    """Return a rollout with its candidate chosen among several."""
    if version is None and len(rollout.arms) > 2:  # noqa: PLR2004
        raise UsageError(
            f"rollout {rollout.id} compares versions {', '.join(map(str, rollout.arms))}",
            why="one of them is to be promoted, and none was named",
            now=f"keepwell rollout promote --version {rollout.candidate}",
        )
    if version is None or version == rollout.candidate:
        return rollout
    if version not in rollout.arms:
        raise UsageError(
            f"version {version} takes no part in rollout {rollout.id}",
            why=f"it compares versions {', '.join(map(str, rollout.arms))}",
        )
    return replace(rollout, candidate=version)


def marked(
    history: tuple[RolloutStep, ...], verified: bool | None, finding: str
) -> tuple[RolloutStep, ...]:
    """Return a history whose newest step tells what was seen of it."""
    *before, last = history
    return (*before, replace(last, verified=verified, finding=finding))
