"""The control process of a scenario: all that looks, put together as `keepwell up` does, without threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keepwell.core.events import acting_as
from keepwell.testing.scenarios.hands import Trainings, probe

if TYPE_CHECKING:
    from keepwell.operations.loop.view import View
    from keepwell.testing.scenarios.ground import Floors
    from keepwell.testing.scenarios.machine import Machine
    from keepwell.workspace import Workspace


class Eyes:
    """Looks once at a time, in the order in which news travel: machine, log, loop, rollouts, alerts."""

    def __init__(
        self, workspace: Workspace, machine: Machine, *, trains: bool, floors: Floors
    ) -> None:
        from keepwell.deployment.server.supervisor import living
        from keepwell.monitoring.machines.sampler import Sampler
        from keepwell.operations.anomalies.watch import Watch
        from keepwell.operations.loop.executor import Executor
        from keepwell.operations.rollouts.evidence import Evidence
        from keepwell.operations.rollouts.keeper import Keeper
        from keepwell.operations.serving.alerting import watcher_of
        from keepwell.operations.serving.effects import LiveEffects
        from keepwell.operations.serving.sight import Sight
        from keepwell.operations.serving.subjects import watched_subjects
        from keepwell.operations.spending.machinery import alarming_signals

        self._workspace = workspace
        measurements, clock, bench = workspace.measurements, workspace.clock, workspace.bench
        self._sampler = Sampler(
            workspace.home,
            measurements,
            clock,
            workspace.spec.monitor.machines,
            machine.processes,
            machine,
            machine.taken,
        )
        self._watch = Watch(measurements, lambda: watched_subjects(workspace.endpoints), clock)
        jobs = Trainings(workspace, real=trains)
        self._sight = Sight(
            bench,
            predictions=workspace.predictions,
            measurements=measurements,
            incidents=workspace.incidents,
            jobs=jobs,
            collect=workspace.collector.collect,
            workers=lambda: living(workspace.home),
        )
        evidence = Evidence(bench, workspace.predictions, workspace.tables, self._sight.meter)
        sources = (
            workspace.foresight.signals,
            lambda: alarming_signals(measurements, clock.now()),
        )
        self._alerts = watcher_of(workspace, "", sources, machine.disk)
        self._sight.steady = clock.now
        self._sight.evidence = evidence
        self._sight.history.known, self._sight.history.together = floors.alone, floors.together
        self._sight.anomalies = self._watch.recent
        self._sight.sketches = workspace.sketches
        self._sight.beside += [workspace.standings.signals, self._alerts.signals]
        workspace.standings.count_by(self._sight.meter.since)
        self._keeper = Keeper(bench, evidence, probe)
        effects = LiveEffects(bench, jobs, probe, workspace.playbooks(probe=probe, jobs=jobs))
        self._executor = Executor(workspace.incidents, effects, clock)

    def close(self) -> None:
        """Write what was counted."""
        self._workspace.collector.close()

    def watch(self, *, alerts: bool) -> None:
        """Look at the machine only, and, if asked, ahead and for alerts."""
        self._sampler.look()
        if alerts:
            self._workspace.foresight.look()
            self._alerts.look()

    def look(self, *, stands: bool = False) -> View | None:
        """Look once, decide, and do it; return what the loop saw."""
        from keepwell.operations.loop.tick import tick

        workspace = self._workspace
        name = workspace.spec.endpoint
        self._sampler.look()
        self._sight.endpoints()
        if stands:
            workspace.standings.look_at_all()
        self._watch.look()
        workspace.foresight.look()
        view = self._sight.view(name)
        if view is not None:
            with acting_as("loop"):
                self._executor.carry_out(view, tick(view, workspace.clock.now()))
        self._keeper.look()
        self._alerts.look()
        return view
