"""Whether a GPU is there and worth using; no library is loaded to find out."""

import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from keepwell.training.learners.base import Fitted
from keepwell.training.problem import Matrix

WORTH_IT = 5_000_000
"""Cells of a matrix below which copying it to a GPU costs more than the GPU saves."""

_DRIVER = Path("/proc/driver/nvidia/gpus")
_logger = logging.getLogger(__name__)


def gpus(driver: Path = _DRIVER) -> tuple[str, ...]:
    """Return the names of the NVIDIA GPUs that this process may use; empty if there are none.

    Args:
        driver: Where the driver lists them.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1", "none", "NoDevFiles"):
        return ()
    found = _listed(driver)
    if visible is None:
        return found
    return found[: len(visible.split(","))]


@cache
def _listed(driver: Path) -> tuple[str, ...]:
    names = []
    for folder in sorted(driver.glob("*")) if driver.is_dir() else ():
        try:
            text = (folder / "information").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        model = [line.partition(":")[2].strip() for line in text.splitlines() if "Model" in line]
        names.append(model[0] if model else "GPU")
    return tuple(names) or _asked()


def _asked() -> tuple[str, ...]:
    """Return what `nvidia-smi` lists: in a container the driver's folder may be hidden."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    try:
        said = subprocess.run(
            [command, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=10, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in said.splitlines() if line.strip())


def on_gpu_or_cpu(
    library: str,
    train: Matrix,
    able: Callable[[], bool],
    fit: Callable[[str], Fitted],
    *,
    gpu: str,
    cpu: str,
) -> Fitted:
    """Fit on a GPU if there is one that pays; on the CPU otherwise, and say so where that is a step back.

    Args:
        library: What fits.
        train: The rows: few are quicker on the CPU.
        able: Whether the library was built for GPUs; asked only if there is one.
        fit: Fits on the device it is given.
        gpu: The library's word for a GPU.
        cpu: Its word for the CPU.
    """
    rows, columns = train.values.shape
    there = gpus() if rows * columns >= WORTH_IT else ()
    if not there:
        return fit(cpu)
    if not able():
        return _noted(fit(cpu), library, there[0], f"this {library} was built without GPU support")
    try:
        return fit(gpu)
    except Exception as error:  # noqa: BLE001 - a driver too old, memory in use by others: the CPU is there
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        return _noted(fit(cpu), library, there[0], first)


def _noted(fitted: Fitted, library: str, name: str, why: str) -> Fitted:
    note = f"{library} ran on the CPU although there is a {name}: {why}"
    _say_once(note)
    return Fitted(
        model=fitted.model, rounds=fitted.rounds, interrupted=fitted.interrupted, note=note
    )


@cache
def _say_once(note: str) -> None:
    _logger.warning(note)
