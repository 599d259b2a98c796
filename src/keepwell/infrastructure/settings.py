"""A workspace's settings: the format that it is written in, and where its parts are if not in its folder."""

import json
from pathlib import Path

from keepwell.core.errors import FormatError, NotFoundError
from keepwell.infrastructure.files import write_atomic

FORMAT = 1
PROJECT_FILE = "keepwell.yaml"
HOME = ".keepwell"


def find_project(start: Path) -> Path:
    """Return the folder with a project file, `start` or the nearest above it.

    Raises:
        NotFoundError: If there is none up to the root of the file system.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise NotFoundError(
        f"there is no {PROJECT_FILE} in {start} or above it",
        why="this command works on a project",
        now="keepwell init --data FILE --target COLUMN, or go to a project's folder",
    )


def read_settings(home: Path) -> dict[str, str]:
    """Read the workspace's settings, writing them first where the workspace is new.

    Raises:
        FormatError: If the workspace was written by a newer Keepwell.
    """
    path = home / "workspace.json"
    try:
        settings = json.loads(path.read_bytes())
    except FileNotFoundError:
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitignore").write_text("*\n")
        settings = {"format": FORMAT}
        write_atomic(path, json.dumps(settings).encode())
    found = settings.get("format")
    if not isinstance(found, int) or found > FORMAT:
        raise FormatError(
            f"the workspace {home} has format {found}",
            why=f"this Keepwell reads formats up to {FORMAT}; a newer one has written it",
            now="pip install --upgrade keepwell",
        )
    return {key: value for key, value in settings.items() if isinstance(value, str)}
