"""Our processes as they were seen last, and series of machines for pages."""

from dataclasses import dataclass

from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Signal
from keepwell.infrastructure.codec import from_plain
from keepwell.monitoring.machines.sampler import PROCESSES_EVERY, present_signals

COSTS = "costs"
"""Under what the newest signals of the kind `cost` are kept."""
FRESH_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One of our processes, as it was seen last.

    Attributes:
        name: `control`, `supervisor`, `worker 0`, `retrain`, `batch-nightly`.
        subject: What its series are kept under.
        cpu_percent: Of one processor.
        memory: Bytes.
        threads: Threads.
        time: When that was, Unix seconds.
    """

    name: str
    subject: str
    cpu_percent: float
    memory: float
    threads: float
    time: float


def signals_now(measurements: MeasurementStore, now: float) -> tuple[Signal, ...]:
    """Return what of the machine and of the costs is outside its limits now: kinds `resource` and `cost`."""
    report = measurements.read_report(COSTS)
    fresh = report is not None and now - report["time"] < FRESH_SECONDS
    costs = [from_plain(Signal, one) for one in report["signals"]] if report and fresh else []
    return (*present_signals(measurements, now), *costs)


def alarming_signals(measurements: MeasurementStore, now: float) -> tuple[Signal, ...]:
    """Return those of them that somebody should hear of: a busy processor or disk is no alarm by itself.

    How full the disk is has a rule of its own.
    """
    quiet = {"cpu", "io", "disk"}
    return tuple(one for one in signals_now(measurements, now) if one.column not in quiet)


def processes_of(measurements: MeasurementStore, now: float) -> list[Seen]:
    """Return our processes that were seen within the last looks."""
    report = measurements.read_report("machines")
    found = []
    for subject in report["subjects"] if report is not None else ():
        newest = measurements.series(
            subject, ["cpu_percent", "memory", "threads"], since=now - 4 * PROCESSES_EVERY, limit=1
        )
        if len(newest) == 3:  # noqa: PLR2004 (all of them, or none)
            found.append(
                Seen(
                    name=subject.removeprefix("process:").replace(":", " "),
                    subject=subject,
                    cpu_percent=newest["cpu_percent"][-1].value,
                    memory=newest["memory"][-1].value,
                    threads=newest["threads"][-1].value,
                    time=newest["memory"][-1].time,
                )
            )
    return found
