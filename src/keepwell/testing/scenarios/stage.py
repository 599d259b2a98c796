"""Where a scenario is played: one endpoint of a copied workspace, on a clock that is moved by hand.

Nothing is served and nothing is asked by HTTP. Predictions are written where workers write them, outcomes
told where callers tell them, the machine's measurements made by the real sampler of a machine that is what it
is told to be. All that looks, judges, decides and records is the real thing, in the order of `keepwell up`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from keepwell.core.clock import ManualClock
from keepwell.core.events import acting_as
from keepwell.core.records import Endpoint, ModelVersion
from keepwell.core.spec import ProjectSpec
from keepwell.testing.scenarios.eyes import Eyes
from keepwell.testing.scenarios.ground import Ground
from keepwell.testing.scenarios.hands import copy_of, probe
from keepwell.testing.scenarios.machine import Machine
from keepwell.testing.scenarios.rows import Columns, Rows
from keepwell.testing.scenarios.traffic import Traffic
from keepwell.workspace import Workspace

if TYPE_CHECKING:
    from keepwell.operations.loop.view import View

LOOKS_A_WINDOW = 8
BURST = 50.0
"""Seconds before a look in which its requests come: accumulators count by the minute."""


class Stage:
    """One endpoint that a fault happens to.

    Attributes:
        clock: Its time.
        workspace: The copy.
        rows: Where rows come from.
        traffic: What arrives; faults change it.
        machine: What serves; faults change it.
        views: What the loop saw, look by look.
        began: When it begins.
        step: Seconds from one look to the next.
        stands: Whether it is looked at too how the endpoint stands: estimates, objectives, KPIs.
    """

    def __init__(
        self, ground: Ground, folder: Path, *, trains: bool = False, seed: int = 0
    ) -> None:
        self.stands = False
        self.clock = ManualClock(ground.now)
        self.workspace = Workspace.open(ground.copy(folder), clock=self.clock)
        self.workspace.spec = _kept_inside(self.workspace.spec)
        self.machine = Machine()
        if ground.own and not ground.lived:
            self._settle()
        if ground.lived:
            self.clock.advance(2 * (self.workspace.spec.monitor.window_seconds or 3600.0))
        self.workspace.scaling.begin(1, {}, keep=False, why="a scenario")
        monitor = self.workspace.spec.monitor
        self.rows = Rows(self.workspace, self.champion)
        self.traffic = Traffic(self.workspace, self.rows, seed)
        self.step = (monitor.window_seconds or 3600.0) / LOOKS_A_WINDOW
        self.traffic.rows = max(150, monitor.min_rows, 2 * (monitor.window_rows or 0) // 5)
        self._eyes = Eyes(self.workspace, self.machine, trains=trains, floors=ground.floors)
        self.views: list[View] = []
        self.began = self.clock.now()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.traffic.close()
        self._eyes.close()
        self.workspace.close()

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint as it is recorded now."""
        return self.workspace.endpoints.read(self.workspace.spec.endpoint)

    @property
    def champion(self) -> ModelVersion:
        """The version that serves now."""
        endpoint = self.endpoint
        return self.workspace.registry.get(endpoint.model, endpoint.champion or 0)

    @property
    def columns(self) -> Columns:
        """The columns that faults are about."""
        return self.rows.columns

    def live(self, looks: int = 1, *, step: float | None = None) -> None:
        """Let time pass with traffic, and look at the end of each step."""
        for _ in range(looks):
            self.clock.advance(step or self.step)
            if self.traffic.rows:
                self.traffic.arrive(self.endpoint, self.clock.now() - BURST, self.clock.now())
            self.traffic.beat()
            self.workspace.collector.collect()
            self.workspace.collector.close()  # counted by now: real seconds are not what passes here
            self.traffic.tell()
            view = self._eyes.look(stands=self.stands)
            if view is not None:
                self.views.append(view)

    def watch(self, seconds: float, *, alerts: bool = False) -> None:
        """Let time pass without traffic; only the machine is looked at, and what alerts if asked for."""
        self.clock.advance(seconds)
        self.traffic.beat()
        self._eyes.watch(alerts=alerts)

    def deploy(self, *, turned: bool = False, strategy: str = "") -> int:
        """Let somebody roll a new version out: the champion's files, or what answers the other way round."""
        version = copy_of(self.workspace, self.champion, turned=turned)
        spec = self.workspace.spec.serve.rollout
        if strategy:
            spec = replace(spec, strategy=strategy)
        with acting_as("user:ana"):
            self.workspace.rollouts.start(
                self.endpoint.name, version.version, spec=spec, reason="a new version", probe=probe
            )
        return version.version

    def deploy_at_once(self) -> int:
        """Let somebody put a new version, the champion's files, behind the endpoint without a trial."""
        version = copy_of(self.workspace, self.champion)
        with acting_as("user:ana"):
            self.workspace.registry.point(version.model, "champion", version.version)
            self.workspace.endpoints.deploy(
                self.endpoint.name, version.model, version.version, "a new version"
            )
        return version.version

    def _settle(self) -> None:
        """End what goes on in the copy of a user's project: scenarios begin with nothing open."""
        workspace = self.workspace
        name = workspace.spec.endpoint
        with acting_as("scenario"):
            for incident in workspace.incidents.find(status="open"):
                workspace.handling.close(incident.id, "a scenario begins")
            running = workspace.rollouts.running(name)
            if running is not None:
                workspace.rollouts.abort(running.id, reason="a scenario begins", probe=probe)
        rest = 5 * max(workspace.spec.loop.retrain.cooldown, workspace.spec.monitor.every)
        self.clock.advance(rest)


def _kept_inside(spec: ProjectSpec) -> ProjectSpec:
    """Return a project that writes to nobody: no channels, and no rules that open issues elsewhere."""
    rules = tuple(rule for rule in spec.loop.rules if rule.do != "open_issue")
    alerts = replace(spec.alerts, channels=(), routes=(), escalate=())
    return replace(spec, loop=replace(spec.loop, rules=rules), alerts=alerts)
