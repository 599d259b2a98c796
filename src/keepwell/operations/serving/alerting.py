"""What watches for alerts while a workspace is served, put together."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from keepwell.operations.alerts.acting import Acting
from keepwell.operations.alerts.reading import Reader, SignalSource
from keepwell.operations.alerts.rules import rules_of
from keepwell.operations.alerts.watcher import Watcher

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

STARTING_SECONDS = 60.0
"""Time that workers are given to start before they are missed."""


def watcher_of(
    workspace: "Workspace",
    url: str = "",
    sources: Sequence[SignalSource] = (),
    disk: Callable[[], tuple[float, float]] | None = None,
) -> Watcher:
    """Return the watcher of a served workspace.

    Args:
        workspace: What is served.
        url: Where; for links in messages.
        sources: Where signals come from besides the reports of endpoints.
        disk: Gives what is free of the workspace's disk, the share and bytes; asks the system unless said.
    """
    spec, clock = workspace.spec.alerts, workspace.clock
    started = clock.now()
    scaling = workspace.scaling
    return Watcher(
        workspace.alerts.store,
        Reader(
            workspace,
            sources,
            serving=lambda: clock.now() - started >= STARTING_SECONDS,
            disk=disk,
        ),
        spec,
        rules_of(spec, workspace.root),
        acting=Acting(
            workspace.incidents,
            (scaling.read, lambda count, why: scaling.change(workers=count, why=why)),
        ),
        clock=clock,
        incident=workspace.incidents.get,
        url=url,
    )
