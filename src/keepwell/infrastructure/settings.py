"""A workspace's settings: the format that it is written in, and where its parts are if not in its folder."""

import json
from pathlib import Path

from keepwell.core.errors import FormatError
from keepwell.infrastructure.files import write_atomic

FORMAT = 1


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
