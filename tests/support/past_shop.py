"""A shop with a past: days of predictions whose truth turned around at some time, outcomes a day late."""

from pathlib import Path

from standing_world import DAY, START, ask, open_shop, tell

from keepwell.core.clock import ManualClock
from keepwell.core.spec import LoopSpec, MonitorSpec, RetrainSpec
from keepwell.operations.simulation import Past
from keepwell.workspace import Workspace

MONITOR = MonitorSpec(window_seconds=DAY, every=DAY / 4, min_rows=30, concept="off", drift="off")
LOOP = LoopSpec(retrain=RetrainSpec(cooldown=DAY, min_labels=50))


def shop_with_past(
    root: Path,
    *,
    days: int = 6,
    turns: float = 3.0,
    rows: int = 60,
    replaced: float | None = None,
) -> Workspace:
    """Return a shop that was asked for so many days; from `turns` on the opposite is true.

    Args:
        root: Its folder.
        days: How long it was asked.
        turns: The day from which on the opposite is true.
        rows: Predictions a day.
        replaced: The day on which version 2, which is as version 1, took its place.
    """
    clock = ManualClock(START - DAY)
    workspace = open_shop(root, clock, MONITOR)
    made = [
        answer for day in range(days) for answer in ask(workspace, day, rows, turned=day >= turns)
    ]
    if replaced is not None:
        clock.advance((replaced + 1) * DAY)
        replace_version(workspace)
    clock.advance((days + 30) * DAY)
    tell(workspace, made, days=0.2)
    return workspace


def replace_version(workspace: Workspace) -> None:
    """Put another version like the first one behind the endpoint."""
    first = workspace.registry.get("shop", 1)
    second = workspace.registry.register(
        "shop",
        run="another",
        bundle=first.bundle,
        signature=first.signature,
        metric=first.metric,
        metrics=first.metrics,
    )
    workspace.endpoints.deploy("shop", "shop", second.version, "by hand")


def past_of(workspace: Workspace) -> Past:
    """Return where a workspace's past is read from."""
    return Past(
        bench=workspace.bench,
        tables=workspace.tables,
        predictions=workspace.predictions,
        incidents=workspace.incidents,
    )
