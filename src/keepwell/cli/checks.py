"""What `keepwell doctor` looks at: each check is a function that returns what it found."""

import contextlib
import os
import platform
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell import __version__
from keepwell.core.errors import KeepwellError, NotFoundError

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

DEFAULT_PORT = 4400
GIB = 1 << 30
MIN_FILES = 256
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found: `level` is `ok`, `warning` or `problem`; `now` says what to do."""

    name: str
    found: str
    level: str = "ok"
    now: str = ""


def examine(project: Path) -> list[Finding]:
    """Return what every check found, the machine first, then the project in `project` if any."""
    checks: list[Callable[[Path], Iterator[Finding]]] = [
        _python, _libraries, _disk, _memory, _open_files, _project,
    ]  # fmt: skip
    return [finding for check in checks for finding in check(project)]


def _python(_project: Path) -> Iterator[Finding]:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(
            name="Python", found=found, level="problem", now="install Python 3.11 or newer"
        )
    else:
        yield Finding(name="Python", found=f"{found}, Keepwell {__version__}")


def _libraries(_project: Path) -> Iterator[Finding]:
    """Compare what is installed with what Keepwell asks for, without importing any of it."""
    core = [item for item in requires("keepwell") or () if "extra ==" not in item]
    wrong = []
    for requirement in core:
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[.*?\])?\s*>=\s*([0-9.]+)", requirement)
        if match is None:
            continue
        name, least = match.groups()
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if _numbers(found) < _numbers(least):
            wrong.append(f"{name} {found} is older than {least}")
    if wrong:
        now = "pip install --upgrade keepwell"
        yield Finding(name="libraries", found="; ".join(wrong), level="problem", now=now)
    else:
        yield Finding(name="libraries", found=f"{len(core)} of {len(core)} as wanted")


def _disk(project: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(project if project.is_dir() else Path()).free
    found = f"{free / GIB:.1f} GiB free"
    if not os.access(project, os.W_OK):
        yield Finding(
            name="disk",
            found=f"{project.resolve()} cannot be written to",
            level="problem",
            now="work in a folder of your own",
        )
    elif free < GIB:
        yield Finding(
            name="disk", found=found, level="warning", now="free some space: 1 GiB is little"
        )
    else:
        yield Finding(name="disk", found=found)


def _memory(_project: Path) -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    found = (
        f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB available,"
        f" {os.cpu_count()} processors"
    )
    little = memory.available < GIB
    yield Finding(
        name="memory",
        found=found,
        level="warning" if little else "ok",
        now="close other programs: training wants 1 GiB" if little else "",
    )


def _open_files(_project: Path) -> Iterator[Finding]:
    import resource

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 0 <= soft < MIN_FILES
    yield Finding(
        name="open files",
        found=f"up to {soft:,}",
        level="warning" if few else "ok",
        now="ulimit -n 4096" if few else "",
    )


def _project(project: Path) -> Iterator[Finding]:
    from keepwell.workspace import Workspace, find_project

    try:
        root = find_project(project)
    except NotFoundError:
        yield Finding(name="project", found="none here")
        yield _port(DEFAULT_PORT, Path())
        return
    try:
        with Workspace.open(root) as workspace:
            home, port = workspace.home, workspace.spec.serve.port
            name = workspace.spec.name
            events = workspace.metadata.events(limit=1, newest_first=True)
            exports = list(_exports(workspace))
    except KeepwellError as error:
        yield Finding(
            name="project",
            found=f"{root}: {error.what}",
            level="problem",
            now=error.now or error.why,
        )
        return
    yield Finding(name="project", found=f"{name} in {root}")
    count = events[0].seq if events else 0
    yield Finding(name="workspace", found=f"opens; {count:,} events in its record")
    yield from exports
    yield _port(port, home)


def _exports(workspace: "Workspace") -> Iterator[Finding]:
    """Tell of each receiver of `monitor.export` whether it takes what it is sent."""
    from keepwell.operations.outbound import read_states

    for state in read_states(workspace.home, workspace.spec.monitor.export):
        if state.failing is not None:
            yield Finding(
                name="export",
                found=f"{state.receiver}: {state.error}",
                level="warning",
                now="see to the receiver, or change monitor.export: what it missed is sent later",
            )
        else:
            sent = (
                "is told nothing before keepwell up"
                if state.sent is None
                else "takes what it is sent"
            )
            yield Finding(name="export", found=f"{state.receiver} {sent}")


def _port(port: int, home: Path) -> Finding:
    from keepwell.operations.serving.presence import address_of

    address = address_of(home) if home != Path() else None
    if address is not None:
        return Finding(name="port", found=f"this project is served at {address.url}")
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return Finding(name="port", found=f"{port} is free")
    return Finding(
        name="port",
        found=f"{port} is taken by another program",
        level="warning",
        now=f"keepwell up --port {port + 1}",
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
