"""A shop with a past: days of predictions whose truth turned around at some time, outcomes a day late."""

from pathlib import Path

from standing_world import DAY, START, ask, open_shop, tell

from keepwell.core.clock import ManualClock
from keepwell.core.spec import LoopSpec, MonitorSpec, RetrainSpec
from keepwell.operations.simulation import Past
from keepwell.workspace import Workspace

MONITOR = MonitorSpec(window_seconds=DAY, every=DAY / 4, min_rows=50, concept="off", drift="off")
LOOP = LoopSpec(retrain=RetrainSpec(cooldown=DAY, min_labels=100))


def shop_with_past(
    root: Path, *, days: int = 6, turns: float = 3.0, rows: int = 120, seed: int = 0
) -> Workspace:
    """Return a shop that was asked for so many days; from `turns` on the opposite is true."""
    clock = ManualClock(START - DAY)
    workspace = open_shop(root, clock, MONITOR)
    made = [
        answer
        for day in range(days)
        for answer in ask(workspace, day, rows, turned=day >= turns, seed=seed)
    ]
    clock.advance((days + 30) * DAY)
    tell(workspace, made, days=0.2)
    return workspace


def past_of(workspace: Workspace) -> Past:
    """Return where a workspace's past is read from."""
    return Past(
        bench=workspace.bench,
        tables=workspace.tables,
        predictions=workspace.predictions,
        incidents=workspace.incidents,
    )
