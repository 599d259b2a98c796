"""Checkpoints of a training, so that one that was killed goes on with the next epoch."""

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from keepwell.features.networks.writing import torch_library

if TYPE_CHECKING:
    from keepwell.training.neural.course import Plan

EVERY = 10.0
"""Seconds between two."""


class Checkpoints:
    """Keeps the last one of a training in a file, whole or not at all.

    Args:
        file: Where.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._last = time.monotonic()

    @classmethod
    def of(cls, folder: str, rows: Any, target: Any, plan: "Plan", epochs: int) -> Self | None:
        """Return the checkpoints of a training on these rows; None if there is no folder for them."""
        if not folder:
            return None
        digest = hashlib.sha256(rows.numpy().tobytes())
        digest.update(target.numpy().tobytes())
        digest.update(repr((plan.epochs, plan.batch, plan.rate, plan.decay, epochs)).encode())
        return cls(Path(folder) / f"{digest.hexdigest()[:32]}.checkpoint")

    def restore(self, module: Any, *others: Any) -> tuple[int, Any]:
        """Give module, optimizer and schedule what was kept; return its epoch and best weights so far.

        0 and None, if nothing was kept.
        """
        torch = torch_library()
        try:
            kept = torch.load(self._file, map_location="cpu", weights_only=True)
            module.load_state_dict(kept["module"])
            for one, state in zip(others, kept["others"], strict=True):
                one.load_state_dict(state)
            torch.set_rng_state(kept["random"])
        except Exception:  # noqa: BLE001 - gone, torn, or of another network: it begins again
            return 0, None
        return int(kept["epoch"]), kept["best"]

    def save(self, epoch: int, best: Any, module: Any, *others: Any) -> None:
        """Keep where a training is, if the last time was long enough ago."""
        if time.monotonic() - self._last < EVERY:
            return
        self._last = time.monotonic()
        torch = torch_library()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        torn = self._file.with_suffix(f".{os.getpid()}")
        torch.save(
            {
                "epoch": epoch,
                "best": best,
                "module": module.state_dict(),
                "others": [one.state_dict() for one in others],
                "random": torch.get_rng_state(),
            },
            torn,
        )
        torn.replace(self._file)

    def remove(self) -> None:
        """Forget it: the training is done."""
        with contextlib.suppress(OSError):
            self._file.unlink()
