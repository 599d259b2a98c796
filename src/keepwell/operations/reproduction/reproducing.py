"""A version made again, step by step, and held against what it was."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import ModelVersion, Run
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.recipe import ANSWERS as KEPT
from keepwell.operations.reproduction.material import Material, write_material
from keepwell.operations.reproduction.source import restore
from keepwell.operations.reproduction.surroundings import build, differences, needed

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-6
_SHOWN = 8
_TAIL = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was restored or compared; `same` is None where nothing can be said."""

    name: str  # code, data, seed, environment, metric, answers
    same: bool | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """How a version came out the second time.

    Attributes:
        version: `churn/3`.
        metric: What it was chosen by.
        before: That metric as it was recorded.
        after: As it came out now.
        tolerance: How far they may be apart, relative where beyond 1.
        reproduced: They are not further apart.
        identical: Every answer to every test row is the same to the last bit.
        largest: Largest difference between two answers.
        checks: What was restored and compared, in order.
    """

    version: str
    metric: str
    before: float | None
    after: float | None
    tolerance: float
    reproduced: bool
    identical: bool
    largest: float | None
    checks: tuple[Check, ...]


def reproduce(
    bench: Bench,
    version: ModelVersion,
    *,
    tolerance: float = TOLERANCE,
    install: bool = False,
    output: Path | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Make a version again from its recipe, and compare.

    Args:
        bench: The workspace's parts.
        version: The version.
        tolerance: How far the metric may be off, relative where it is beyond 1.
        install: Run it in a fresh environment with the packages of then.
        output: Folder to leave program, rows and answers in; nothing is left unless said.
        progress: Hears how far it is.

    Raises:
        NotFoundError: If the version has no recipe, or its data is gone.
        TrainingError: If the program fails.
        UnavailableError: If the packages of then cannot be had.
    """
    told = progress or SilentProgress()
    with TemporaryDirectory(prefix="keepwell-reproduce-") as made:
        folder = output or Path(made) / "program"
        told.update("writing the program and its rows")
        material = write_material(bench, version, folder)
        run = material.run
        told.update("restoring the code")
        root, words = restore(bench.spec.root, run.code, _diff(bench, run), Path(made) / "code")
        checks = [
            Check(name="code", same=root is not None if run.code.commit else None, detail=words),
            Check(name="data", same=True, detail=_data(run, material)),
            Check(name="seed", same=True, detail=f"{material.recipe.seed}; {_chosen(material)}"),
        ]
        python, environment = _environment(bench, run, folder, Path(made), install=install)
        told.update(f"training on {material.trained:,} rows")
        answers = _trained(python, folder, root)
        told.update("comparing")
        return _compared(bench, version, material, answers, tolerance, [*checks, environment])


def _diff(bench: Bench, run: Run) -> bytes:
    return bench.blobs.read(run.code.diff) if run.code.diff else b""


def _data(run: Run, material: Material) -> str:
    live = f" behind {run.tags['with']}" if "with" in run.tags else ""
    rows = f"{material.trained:,} rows to learn from, {len(material.actual):,} to test on"
    return f"{run.dataset}{live}: {rows}"


def _chosen(material: Material) -> str:
    return f"{material.recipe.candidate or material.recipe.learner}, as it was chosen"


def _environment(
    bench: Bench, run: Run, folder: Path, made: Path, *, install: bool
) -> tuple[str, Check]:
    from keepwell.tracking.environment import capture
    from keepwell.training.script import SCRIPT

    then = json.loads(bench.runs.environment(run.id))
    names = needed((folder / SCRIPT).read_text())
    if install:
        interpreter = build(then, names, made / "venv")
        packages = ", ".join(names)
        return str(interpreter), Check(
            name="environment",
            same=True,
            detail=f"built anew with the packages of then: {packages}",
        )
    told, others = differences(then, capture(), names)
    more = f"; {others} packages that the program does not use differ" if others else ""
    detail = "; ".join(told[:_SHOWN]) or f"the same Python and packages ({', '.join(names)})"
    return sys.executable, Check(name="environment", same=not told, detail=detail + more)


def _trained(python: str, folder: Path, root: Path | None) -> "NDArray[np.float64]":
    """Run the program; the restored code is there for whatever of it the model is made of."""
    from keepwell.training.script import ANSWERS, SCRIPT

    paths = [str(root)] if root is not None else []
    inherited = os.environ.get("PYTHONPATH", "")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [*paths, inherited]))}
    done = subprocess.run(
        [python, str((folder / SCRIPT).resolve())],
        cwd=root or folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise TrainingError(
            "the program of the version failed",
            why=done.stderr.strip()[-_TAIL:],
            now="keepwell reproduce VERSION --output folder leaves it there to look at",
        )
    answers: NDArray[np.float64] = np.load(folder / ANSWERS)
    return answers


def _compared(
    bench: Bench,
    version: ModelVersion,
    material: Material,
    answers: "NDArray[np.float64]",
    tolerance: float,
    checks: list[Check],
) -> Reproduction:
    from keepwell.tracking.metrics import measure

    signature = version.signature
    if signature.task.numeric:
        after = measure(signature.task, (), material.actual, answers)
    else:
        said = [signature.classes[code] for code in answers.argmax(axis=1)]
        after = measure(signature.task, signature.classes, material.actual, said, answers)
    name = version.metric
    before, now = version.metrics.get(name), after.get(name)
    identical, largest, words = _same_answers(bench, material, answers)
    value = None if before is None else before.value
    known = value is not None and now is not None
    apart = (
        abs(now - value) / max(1.0, abs(value)) if value is not None and now is not None else None
    )
    reproduced = apart is not None and apart <= tolerance
    detail = f"{name} was {value:.6g}, is {now:.6g}" if known else f"{name} cannot be measured"
    found = (
        Check(name="metric", same=reproduced if known else None, detail=detail),
        Check(name="answers", same=identical if largest is not None else None, detail=words),
    )
    return Reproduction(
        version=version.key,
        metric=name,
        before=value,
        after=now,
        tolerance=tolerance,
        reproduced=reproduced,
        identical=identical,
        largest=largest,
        checks=(*checks, *found),
    )


def _same_answers(
    bench: Bench, material: Material, answers: "NDArray[np.float64]"
) -> tuple[bool, float | None, str]:
    if all(item.name != KEPT for item in material.run.artifacts):
        return False, None, "the answers of then were not kept"
    kept = bench.runs.read(material.run.id, KEPT)
    before = np.frombuffer(kept, dtype=np.float64)
    now = np.ascontiguousarray(answers, dtype=np.float64)
    if before.size != now.size:
        return False, None, f"{before.size:,} numbers then, {now.size:,} now"
    if now.tobytes() == kept:
        return True, 0.0, f"all {len(now):,} are the same to the last bit"
    largest = float(np.max(np.abs(before - now.ravel()), initial=0.0))
    differ = int(
        np.count_nonzero((before.reshape(now.shape) != now).reshape(len(now), -1).any(axis=1))
    )
    return False, largest, f"{differ:,} of {len(now):,} differ, by at most {largest:.3g}"
