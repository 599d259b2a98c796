"""Checkpoints of a run: each is there whole or not at all; the last two and the best are kept."""

import io
from pathlib import Path
from typing import Any

from keepwell.infrastructure.files import write_atomic

LAST, BEFORE, BEST = "last.pt", "before.pt", "best.pt"


class Checkpoints:
    """The checkpoints in one folder.

    They hold tensors and plain values and are read as such (`weights_only`): loading one runs no code.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, state: dict[str, Any]) -> None:
        """Make a state the last one; the last one becomes the one before it."""
        data = _bytes(state)
        last = self.folder / LAST
        if last.is_file():
            last.replace(self.folder / BEFORE)
        write_atomic(last, data)

    def save_best(self, state: dict[str, Any]) -> None:
        """Make a state the best one."""
        write_atomic(self.folder / BEST, _bytes(state))

    def last(self) -> dict[str, Any] | None:
        """Return the newest state that can be read; None if there is none."""
        import torch

        for name in (LAST, BEFORE):
            path = self.folder / name
            try:
                found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            except FileNotFoundError:
                continue
            except Exception:  # noqa: BLE001, S112 (whatever is said of a damaged file: the one before will do)
                continue
            return found
        return None

    def best(self) -> dict[str, Any] | None:
        """Return the best state; None if none was called that."""
        import torch

        path = self.folder / BEST
        if not path.is_file():
            return None
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return found


def _bytes(state: dict[str, Any]) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
