"""What of the machine may be used: the limits of the container around us, cgroup v1 or v2."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

_NO_LIMIT = 1 << 60
"""Version 1 writes a number near 2⁶³ where there is no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may be used.

    Attributes:
        cores: Processors, a fraction where a quota says so.
        memory: Bytes.
        memory_used: Bytes in use under that limit; None where the machine as a whole is the limit.
        throttled_us: Microseconds that a quota has held us back so far; None without a quota.
        cpu_us: Microseconds of processor time under the quota so far; None without a quota.
    """

    cores: float
    memory: int
    memory_used: int | None = None
    throttled_us: float | None = None
    cpu_us: float | None = None


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a version of cgroups says what."""

    memory: str
    memory_limit: str
    memory_used: str
    memory_cached: str
    cpu: str


_V1 = _Files(
    "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "cpu"
)
_V2 = _Files("", "memory.max", "memory.current", "inactive_file", "")


def allowance(root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> Allowance:
    """Return what this process may use."""
    cores = float(_cores())
    total = psutil.virtual_memory().total
    version = _V2 if (root / "cgroup.controllers").is_file() else _V1
    quota, spent, throttled = _quota(root, proc, version, cores)
    limit, used = _memory(root, proc, version, total)
    return Allowance(
        cores=quota, memory=limit, memory_used=used, cpu_us=spent, throttled_us=throttled
    )


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def _memory(root: Path, proc: Path, version: _Files, total: int) -> tuple[int, int | None]:
    """Return the narrowest limit from our group up, with what counts against it."""
    narrowest: tuple[int, int | None] = (total, None)
    for folder in _folders(root, proc, version.memory):
        limit = _number(folder / version.memory_limit)
        if limit is None or limit >= min(narrowest[0], _NO_LIMIT):
            continue
        used = _number(folder / version.memory_used)
        cached = _fields(folder / "memory.stat").get(version.memory_cached, 0.0)
        narrowest = (int(limit), None if used is None else max(0, int(used - cached)))
    return narrowest


def _quota(
    root: Path, proc: Path, version: _Files, cores: float
) -> tuple[float, float | None, float | None]:
    """Return the narrowest quota in processors, what was spent under it, and how long it held us back."""
    found: tuple[float, float | None, float | None] = (cores, None, None)
    for folder in _folders(root, proc, version.cpu):
        share = _share(folder, version)
        if share is None or share >= found[0]:
            continue
        stat = _fields(folder / "cpu.stat")
        if version is _V2:
            found = (share, stat.get("usage_usec"), stat.get("throttled_usec"))
        else:
            spent = _number(root / "cpuacct" / folder.relative_to(root / "cpu") / "cpuacct.usage")
            throttled = stat.get("throttled_time")
            found = (
                share,
                None if spent is None else spent / 1000,
                None if throttled is None else throttled / 1000,
            )
    return found


def _share(folder: Path, version: _Files) -> float | None:
    if version is _V2:
        words = _text(folder / "cpu.max").split()
        if len(words) != 2 or words[0] == "max":  # noqa: PLR2004
            return None
        return float(words[0]) / float(words[1])
    quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _folders(root: Path, proc: Path, controller: str) -> Iterator[Path]:
    """Yield our group's folder and those above it; inside a container the root is our group."""
    top = root / controller
    path = Path("/")
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, names, where = line.split(":", 2)
        if names == controller or (controller and controller in names.split(",")):
            path = Path(where)
    folder = top / path.relative_to("/")
    while folder != top:
        if folder.is_dir():
            yield folder
        folder = folder.parent
    yield top


def _fields(path: Path) -> dict[str, float]:
    pairs = (line.split() for line in _text(path).splitlines())
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2}  # noqa: PLR2004


def _number(path: Path) -> float | None:
    try:
        return float(_text(path))
    except ValueError:  # "max", or nothing
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
