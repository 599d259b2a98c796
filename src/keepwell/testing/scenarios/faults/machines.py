"""The machine that serves is in trouble: no training brings back what is lost by that."""

from keepwell.testing.scenarios.faults.bends import tilted
from keepwell.testing.scenarios.machine import GB
from keepwell.testing.scenarios.scenario import Expected, Scenario
from keepwell.testing.scenarios.stage import Stage

_STARVED = {"cpu_percent": 100.0, "cpu_pressure": 0.8, "load_per_core": 6.0}


def _starved(stage: Stage) -> None:
    stage.stands = True
    stage.machine.be(**_STARVED)
    stage.traffic.latency_ms[0] = 400.0
    stage.live(4)


def _both(stage: Stage) -> None:
    stage.traffic.kept = tilted(stage)
    _starved(stage)


def _leak(stage: Stage) -> None:
    for _ in range(45):
        stage.machine.worker_bytes += 10_000_000
        stage.watch(60.0)
    stage.watch(60.0, alerts=True)
    stage.live(1)


def _dead(stage: Stage) -> None:
    for alive in (True, False, False, True, True):
        stage.traffic.workers[0].alive = alive
        stage.watch(600.0, alerts=True)
    stage.live(1)


def _crashing(stage: Stage) -> None:
    stage.watch(120.0, alerts=True)
    for alive in (False, True) * 5:
        stage.traffic.workers[0].alive = alive
        stage.watch(60.0, alerts=True)
    stage.live(1)


def _filling(stage: Stage) -> None:
    for look in range(40):
        used = 40.0 + 0.5 * look
        stage.machine.be(disk_percent=used, disk_free=int((100 - used) * 5 * GB))
        stage.watch(300.0)
    stage.watch(300.0, alerts=True)
    stage.live(1)


def _full(stage: Stage) -> None:
    stage.machine.be(disk_percent=98.0, disk_free=10 * GB)
    stage.watch(300.0, alerts=True)
    stage.watch(300.0, alerts=True)
    stage.machine.be(disk_percent=40.0, disk_free=300 * GB)
    stage.watch(300.0, alerts=True)
    stage.live(1)


SCENARIOS = (
    Scenario(
        name="host_starved",
        story="Others take the processors, and answers become slow.",
        fault=_starved,
        expected=Expected(
            signals=("objective",),
            cause="the machine was short of what it needs",
            actions=("open_incident", "tell"),
        ),
        needs=("latency",),
    ),
    Scenario(
        name="host_starved_and_drift",
        story="Others take the processors, answers become slow, and inputs move at the same time.",
        fault=_both,
        expected=Expected(
            signals=("objective", "drift:{number}"), actions=("open_incident", "tell")
        ),
        needs=("latency", "number"),
    ),
    Scenario(
        name="memory_leak",
        story="The memory of a worker grows by ten megabytes a minute.",
        fault=_leak,
        expected=Expected(signals=("resource:worker:0",), actions=("incident", "tell")),
    ),
    Scenario(
        name="worker_dies",
        story="The only worker dies and comes back after half an hour.",
        fault=_dead,
        expected=Expected(signals=("workers",), actions=("incident", "tell", "close:recovered")),
    ),
    Scenario(
        name="worker_crash_loop",
        story="The only worker dies every other minute.",
        fault=_crashing,
        expected=Expected(
            signals=("workers",), actions=("incident", "tell"), once=("incident", "tell:firing")
        ),
    ),
    Scenario(
        name="disk_filling",
        story="The disk fills steadily and will be full within the day.",
        fault=_filling,
        expected=Expected(signals=("forecast:disk_percent",), actions=("incident", "tell")),
    ),
    Scenario(
        name="disk_full",
        story="The disk is nearly full, until somebody makes room.",
        fault=_full,
        expected=Expected(signals=("disk",), actions=("incident", "tell", "close:recovered")),
    ),
)
