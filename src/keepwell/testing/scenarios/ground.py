"""What scenarios are played on: a trained project in a folder, of which each gets a copy of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, UsageError
from keepwell.testing.scenarios.history import BEGAN, DAYS, write_project
from keepwell.workspace import HOME, Workspace, find_project

_LEFT = ("run", "serving", "logs", "spool", "staging")
_LOGGED = ("predictions", "outcomes", "shadows", "sketches")
_PARTS = ("metadata", "blobs", "tables")
_LARGE = 64 << 10
RECORD = "record.db"


@dataclass(frozen=True, slots=True)
class Floors:
    """What windows of training's history differed by, as `History` keeps it: learnt once for all copies."""

    alone: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)
    together: dict[tuple[str, int], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A trained project.

    Attributes:
        folder: Where it is; only read.
        now: What time it is there, Unix seconds.
        own: Whether it is a user's.
        lived: Whether a calm time is in its log, which copies keep.
        alarms: What was reported in that calm time: false alarms, all of them.
        floors: What was learnt of its history.
    """

    folder: Path
    now: float
    own: bool = False
    lived: bool = False
    alarms: tuple[str, ...] = ()
    floors: Floors = field(default_factory=Floors)

    def copy(self, to: Path) -> Path:
        """Copy it into a folder that is not there yet; what a user's project has logged stays behind.

        Large files are linked where the file system can: nothing changes them in place, the record excepted.
        """
        shutil.copytree(self.folder, to, ignore=self._ignored(), copy_function=_linked)
        record = self.folder / HOME / RECORD
        with (
            contextlib.closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(to / HOME / RECORD)) as copied,
        ):
            source.backup(copied)  # whole, even while somebody serves the project
        return to

    def _ignored(self) -> Callable[[str, list[str]], list[str]]:
        """Return what says which names of a folder are not copied."""
        home = self.folder / HOME
        left: dict[Path, set[str]] = {self.folder: {".git", ".venv", "__pycache__"}, home: {"run"}}
        if not self.lived:
            left |= {home: {*_LEFT}, home / "tables": {*_LOGGED}}

        def ignored(folder: str, names: list[str]) -> list[str]:
            here = left.get(Path(folder), set())
            return [one for one in names if one in here or one.startswith(RECORD)]

        return ignored


def build_ground(folder: Path) -> Ground:
    """Make the project of the fruit boxes in a folder, and train it: a few seconds."""
    now = BEGAN.timestamp() + DAYS * 86400.0
    write_project(folder)
    with Workspace.open(folder, clock=ManualClock(now)) as workspace:
        workspace.builder.run()
    return Ground(folder=folder, now=now)


def ground_of(project: Path) -> Ground:
    """Return a user's project as ground; it must be built, with all of its record in its folder.

    Raises:
        NotFoundError: If there is no project.
        ConflictError: If its record is somewhere else: scenarios would write there.
        UsageError: If it has no champion.
    """
    folder = find_project(project)
    elsewhere = [part for part in _PARTS if os.environ.get(f"KEEPWELL_{part.upper()}_URL")]
    settings = folder / HOME / "workspace.json"
    if settings.is_file():
        elsewhere += [part for part in _PARTS if part in json.loads(settings.read_bytes())]
    if elsewhere:
        raise ConflictError(
            f"the {elsewhere[0]} of {folder.name} is not in its folder",
            why="scenarios break a copy of the folder, and what is outside of it would be broken itself",
            now="try a project whose record is in .keepwell",
        )
    with Workspace.open(folder) as workspace:
        endpoint = workspace.endpoints.get(workspace.spec.endpoint)
        if endpoint is None or endpoint.champion is None or endpoint.external:
            raise UsageError(
                f"the project in {folder} has no champion",
                why="scenarios break something that works",
                now="keepwell run",
            )
        rest = 5 * max(workspace.spec.loop.retrain.cooldown, workspace.spec.monitor.every)
        now = workspace.clock.now() + 86400.0 + rest  # what is remembered of today is over by then
    return Ground(folder=folder, now=now, own=True)


def _linked(source: str, target: str) -> str:
    if Path(source).stat().st_size >= _LARGE:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return target
    return str(shutil.copy2(source, target))
