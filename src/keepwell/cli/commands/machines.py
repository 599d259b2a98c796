"""`keepwell machines`: how the host and our processes on it are doing."""

import platform
from typing import TYPE_CHECKING, Any

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

app = command_app()


@app.command(epilog=examples("keepwell machines", "keepwell machines --json"))
def machines(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show the host, each process of ours on it, and what is outside its limits."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        document = gather(workspace)
    out.answer(document, lambda: _tell(out, document))


def gather(workspace: "Workspace") -> dict[str, Any]:
    """Return how the machine is, JSON-ready: as `keepwell up` saw it last, or as it is now."""
    from keepwell.infrastructure.codec import to_plain
    from keepwell.monitoring.machines.sampler import present_reading
    from keepwell.operations.spending.machinery import processes_of, signals_now

    now = workspace.clock.now()
    reading = present_reading(workspace.measurements, now)
    return {
        "host": platform.node(),
        "watched": reading is not None,
        "reading": to_plain(reading or _look(workspace)),
        "processes": [to_plain(one) for one in processes_of(workspace.measurements, now)],
        "signals": [to_plain(one) for one in signals_now(workspace.measurements, now)],
    }


def host_line(workspace: "Workspace") -> str:
    """Return the host in one line, for `keepwell status`."""
    from keepwell.monitoring.machines.sampler import present_reading, present_signals

    now = workspace.clock.now()
    reading = present_reading(workspace.measurements, now) or _look(workspace)
    told = [one.message for one in present_signals(workspace.measurements, now)]
    line = (
        f"{reading.cores:g} processors {reading.cpu_percent:.0f}%, "
        f"memory {reading.memory_percent:.0f}% of {reading.memory_total / 1e9:.1f} GB, "
        f"disk {reading.disk_percent:.0f}%, {reading.disk_free / 1e9:.0f} GB free"
    )
    gpus = [f"{gpu.name} {gpu.percent or 0:.0f}%" for gpu in reading.gpus]
    return "; ".join([", ".join([line, *gpus]), *told])


def _look(workspace: "Workspace") -> Any:
    import time

    from keepwell.monitoring.machines.host import HostReader

    reader = HostReader(workspace.home)
    time.sleep(0.1)  # how busy it is shows from one look to the next
    return reader.read()


def _tell(out: Output, document: dict[str, Any]) -> None:
    reading = document["reading"]
    out.say(document["host"], style="bold")
    out.facts(
        {
            "processors": f"{reading['cores']:g}, {reading['cpu_percent']:.0f}% busy",
            "waited": _waited(reading),
            "memory": f"{reading['memory_used'] / 1e9:.1f} of {reading['memory_total'] / 1e9:.1f} GB "
            f"({reading['memory_percent']:.0f}%)",
            "disk": f"{reading['disk_free'] / 1e9:.1f} GB free, {reading['disk_percent']:.0f}% full",
            "network": _flow(reading, "network_in", "network_out"),
            "disk traffic": _flow(reading, "disk_read", "disk_written"),
        }
    )
    for gpu in reading["gpus"]:
        used, total = gpu["memory_used"] or 0, gpu["memory_total"] or 0
        out.say(
            f"  GPU {gpu['index']}  {gpu['name']}, {gpu['percent'] or 0:.0f}% busy, "
            f"{used / 1e9:.1f} of {total / 1e9:.1f} GB"
        )
    if document["processes"]:
        out.table(
            ["process", "processor", "memory", "threads"],
            [
                [
                    one["name"],
                    f"{one['cpu_percent']:.0f}%",
                    f"{one['memory'] / 1e6:.0f} MB",
                    int(one["threads"]),
                ]
                for one in document["processes"]
            ],
        )
    for signal in document["signals"]:
        out.say(f"! {signal['message']}", style="yellow")
    if not document["watched"]:
        out.say("nobody watches it: keepwell up does", style="cyan")


def _waited(reading: dict[str, Any]) -> str | None:
    known = {"processor": "cpu_pressure", "memory": "memory_pressure", "disk": "io_pressure"}
    parts = [
        f"{name} {reading[key]:.0%}" for name, key in known.items() if reading[key] is not None
    ]
    return f"for {', '.join(parts)} of the time" if parts else None


def _flow(reading: dict[str, Any], first: str, second: str) -> str | None:
    if reading[first] is None or reading[second] is None:
        return None
    return f"{reading[first] / 1e6:.2f} MB/s in, {reading[second] / 1e6:.2f} MB/s out"
