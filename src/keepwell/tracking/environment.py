"""With what a run was made: packages, Python, operating system, hardware."""

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import psutil


@cache
def capture() -> dict[str, Any]:
    """Return this process's environment, JSON-ready; nothing in it changes while the process lives.

    Variables of the environment are left out: they hold secrets.
    """
    return {
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
        },
        "os": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
        },
        "cpu": {
            "model": _cpu_model(),
            "cores": psutil.cpu_count(logical=False) or 0,
            "threads": os.cpu_count() or 0,
        },
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": graphics(),
        "packages": _packages(),
    }


def _packages() -> dict[str, str]:
    found: dict[str, str] = {}
    for item in distributions():
        name = item.metadata["Name"]
        if name:  # a half-removed package leaves a folder without metadata
            found.setdefault(name, item.version)
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def graphics() -> list[dict[str, str]]:
    """Return the NVIDIA graphics processors of this machine; none where its tool is not installed."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
            capture_output=True,
            check=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines() if line]
    return [dict(zip(("name", "memory", "driver"), row, strict=False)) for row in rows]
