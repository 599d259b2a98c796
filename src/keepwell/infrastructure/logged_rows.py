"""Logged rows of which the model saw something else than what was sent."""

from collections.abc import Mapping
from typing import Any

MARK = "keepwell.quarantined"
"""Beside the inputs of a logged row: what stood in the place of which columns when it was scored."""


def believed(logged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a logged row as they were scored, without the mark."""
    if MARK not in logged:
        return dict(logged)
    row = {name: value for name, value in logged.items() if name != MARK}
    return row | dict(logged[MARK])
