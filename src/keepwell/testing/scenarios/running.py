"""Plays scenarios and keeps the score."""

from __future__ import annotations

import atexit
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from keepwell.core.errors import NotFoundError
from keepwell.core.suggestions import did_you_mean
from keepwell.testing.scenarios.ground import Ground, build_ground, ground_of
from keepwell.testing.scenarios.judging import judge, signals_of
from keepwell.testing.scenarios.scenario import NEEDS, Scenario, Verdict
from keepwell.testing.scenarios.stage import Stage

CALM_LOOKS = 6


def run(scenario: Scenario, ground: Ground | None = None) -> Verdict:
    """Play a scenario, and return whether diagnosis and action are as expected.

    Args:
        scenario: Which.
        ground: What it is played on; unless said, a small project that is made once in each process.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="keepwell-scenario-") as folder:
        place = Path(folder) / "project"
        with Stage(ground or usual_ground(), place, trains=scenario.trains) as stage:
            missing = [need for need in scenario.needs if not _has(stage, need)]
            if missing:
                return Verdict(scenario=scenario.name, skipped=NEEDS[missing[0]])
            scenario.fault(stage)
            return judge(stage, scenario, round(time.perf_counter() - started, 3))


@cache
def usual_ground() -> Ground:
    """Return the small project that scenarios are played on, made once in a process."""
    folder = tempfile.TemporaryDirectory(prefix="keepwell-ground-")
    atexit.register(folder.cleanup)
    return settled(build_ground(Path(folder.name) / "built"), Path(folder.name) / "lived")


def project_ground(project: Path, folder: Path) -> Ground:
    """Return a user's project as ground: copied into a folder, with a calm time in its log."""
    return settled(ground_of(project), folder)


def settled(ground: Ground, folder: Path) -> Ground:
    """Return a copy of a ground in which all has been well for a while."""
    with Stage(ground, folder) as stage:
        stage.live(CALM_LOOKS)
        alarms = tuple(sorted(signals_of(stage)))
        now = stage.clock.now()
    return replace(ground, folder=folder, now=now, lived=True, alarms=alarms)


def play(
    scenarios: Iterable[Scenario],
    ground: Ground | None = None,
    heard: Callable[[Verdict], object] = lambda verdict: None,
) -> list[Verdict]:
    """Play scenarios one after the other; each verdict is told as it comes."""
    verdicts = []
    for scenario in scenarios:
        verdict = run(scenario, ground)
        heard(verdict)
        verdicts.append(verdict)
    return verdicts


def score(verdicts: Sequence[Verdict]) -> str:
    """Return the score in a sentence.

    >>> score([Verdict(scenario="a", diagnosed=True, acted=True), Verdict(scenario="b", diagnosed=True)])
    '2 of 2 diagnosed, 1 of 2 acted as expected'
    """
    played = [one for one in verdicts if not one.skipped]
    count = len(played)
    diagnosed, acted = sum(one.diagnosed for one in played), sum(one.acted for one in played)
    skipped = f"; {len(verdicts) - count} skipped" if len(verdicts) > count else ""
    return f"{diagnosed} of {count} diagnosed, {acted} of {count} acted as expected{skipped}"


def named(name: str, scenarios: Sequence[Scenario]) -> Scenario:
    """Return a scenario by its name.

    Raises:
        NotFoundError: If there is none of that name.
    """
    for scenario in scenarios:
        if scenario.name == name:
            return scenario
    raise NotFoundError(
        f"there is no scenario '{name}'",
        why=f"there are {len(scenarios)}",
        now=did_you_mean(name, [one.name for one in scenarios])
        or "python -m keepwell.testing.scenarios --list",
    )


def _has(stage: Stage, need: str) -> bool:
    columns, signature, spec = stage.columns, stage.rows.signature, stage.workspace.spec.monitor
    if need == "season":
        return bool(stage.rows.season()[0])
    return {
        "number": bool(columns.number),
        "second": bool(columns.second),
        "optional": bool(columns.optional),
        "category": bool(columns.category),
        "slices": bool(spec.slices and columns.number),
        "latency": any(one.kind == "latency" for one in spec.objectives),
        "silence": any(one.metric == "requests" for one in stage.workspace.spec.alerts.rules),
        "classes": bool(signature.classes),
        "binary": len(signature.classes) == 2,  # noqa: PLR2004
        "outcomes": not signature.task.from_source and signature.task.supervised,
    }[need]
