"""What a workspace folder says of itself: its format, and where its parts live."""

import json
from pathlib import Path

from keepwell.core.errors import FormatError
from keepwell.infrastructure.files import write_atomic

FORMAT = 1
"""Format of the workspace folder. A newer one is refused; an older one is upgraded when opened."""


def read_settings(home: Path) -> dict[str, str]:
    """Read the workspace's settings, writing them first where the workspace is new."""
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
