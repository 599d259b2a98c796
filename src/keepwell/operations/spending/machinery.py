"""Our processes as they were seen last, and series of machines for pages."""

from dataclasses import dataclass

from keepwell.core.ports import MeasurementStore
from keepwell.monitoring.machines.sampler import PROCESSES_EVERY


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
