"""`kw.watch(model, optimizer)`: one call, and a plain PyTorch loop is recorded and can be resumed."""

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from keepwell.core.errors import MissingExtraError, UsageError
from keepwell.script.checkpoints import Checkpoints
from keepwell.script.session import Session, current

if TYPE_CHECKING:
    import torch

_MOST_WEIGHTS = 50_000_000  # beyond, a copy to see how far they move costs too much memory
_watchers: "list[Watched]" = []


def watch(
    model: "torch.nn.Module",
    optimizer: "torch.optim.Optimizer",
    *,
    every: int = 1,
    checkpoint_every: int | None = None,
    best: str = "val_loss",
    better: Literal["lower", "higher"] = "lower",
    **others: Any,
) -> "Watched":
    """Record a training loop, keep checkpoints, and go on from the last one if there is one.

    Logged at each `every`-th step of the optimizer: the loss (of the last `backward()`), the norm of
    the gradients, how far the weights moved relative to their size, the learning rate, rows per second, and
    the GPU's memory if there is one.

    Args:
        model: The module that is trained; moved to its device before.
        optimizer: Its optimizer.
        every: Steps from one logged to the next.
        checkpoint_every: Steps from one checkpoint to the next; unless said, one every ten seconds.
        best: The logged value (by `kw.log`) whose best checkpoint is kept.
        better: Whether lower or higher values of it are better.
        others: What else has a state: `scheduler=scheduler`.

    Raises:
        MissingExtraError: If PyTorch is not installed.
        UsageError: If the checkpoint is of another model.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("kw.watch", extra="torch") from error
    _hear_losses(torch)
    watched = Watched(
        current(), model, optimizer, others, every=every, checkpoint_every=checkpoint_every,
        best=best, better=better,
    )  # fmt: skip
    _watchers.append(watched)
    return watched


class Watched:
    """A training loop that is recorded.

    Attributes:
        step: Steps that the optimizer has made, those before a resumption included.
    """

    def __init__(  # noqa: PLR0913 (what `watch` was given)
        self,
        session: Session,
        model: Any,
        optimizer: Any,
        others: Mapping[str, Any],
        *,
        every: int,
        checkpoint_every: int | None,
        best: str,
        better: str,
    ) -> None:
        self._session, self._model, self._optimizer = session, model, optimizer
        self._parts = {"model": model, "optimizer": optimizer, **others}
        self._every, self._checkpoint_every = max(1, every), checkpoint_every
        self._best_name, self._sign = best, 1.0 if better == "lower" else -1.0
        self._best = float("inf")
        self.step = 0
        self.loss: Any = None
        self._epoch = 0
        self._seen, self._rows_since, self._time_since = 0, 0, time.perf_counter()
        self._saved_at = time.monotonic()
        self._before: list[Any] = []
        self._gradient = float("nan")
        folder = session.folder
        self._checkpoints = None if folder is None else Checkpoints(folder)
        self._resume()
        optimizer.register_step_pre_hook(lambda *_: self._stepping())
        optimizer.register_step_post_hook(lambda *_: self._stepped())
        model.register_forward_pre_hook(_Feed(self.fed))
        session.listeners.append(self._heard)

    def steps(self, total: int) -> Iterator[int]:
        """Count to `total` steps in all, from where the run stands."""
        for step in range(self.step, total):
            yield step
            self.step = max(self.step, step + 1)
        self.checkpoint()

    def epochs(self, total: int) -> Iterator[int]:
        """Count to `total` epochs in all; a resumed run begins the epoch that it was in again."""
        for epoch in range(self._epoch, total):
            self._epoch = epoch
            yield epoch
        self._epoch = total
        self.checkpoint()

    def checkpoint(self) -> None:
        """Keep a checkpoint now."""
        if self._checkpoints is not None:
            self._checkpoints.save(self._state())
            self._saved_at = time.monotonic()

    def load_best(self) -> bool:
        """Give the model the weights of the best checkpoint; False if none was called that."""
        state = self._checkpoints.best() if self._checkpoints is not None else None
        if state is None:
            return False
        self._model.load_state_dict(state["parts"]["model"])
        return True

    def fed(self, module: Any, given: tuple[Any, ...]) -> None:
        """Count the rows that the model was given to learn from."""
        if module.training and given and hasattr(given[0], "shape") and given[0].ndim:
            self._rows_since += int(given[0].shape[0])

    def _due(self) -> bool:
        return (self.step + 1) % self._every == 0

    def _stepping(self) -> None:
        """Look at the gradients, before the optimizer uses them."""
        if not self._due():
            return
        import torch

        weights = self._weights()
        squares = [one.grad.detach().norm() ** 2 for one in weights if one.grad is not None]
        self._gradient = float(torch.stack(squares).sum().sqrt()) if squares else 0.0
        small = sum(one.numel() for one in weights) <= _MOST_WEIGHTS
        self._before = [one.detach().clone() for one in weights] if small else []

    def _stepped(self) -> None:
        due = self._due()
        self.step += 1
        if due:
            self._session.log(self._values(), self.step)
        waited = time.monotonic() - self._saved_at
        if self.step % self._checkpoint_every == 0 if self._checkpoint_every else waited > 10:  # noqa: PLR2004
            self.checkpoint()

    def _values(self) -> dict[str, float]:
        now = time.perf_counter()
        values = {"gradient_norm": self._gradient}
        if self.loss is not None:
            values = {"loss": float(self.loss), **values}
        if self._before:
            moved = _norm(
                [a.detach() - b for a, b in zip(self._weights(), self._before, strict=True)]
            )
            values["update_ratio"] = moved / max(_norm(self._before), 1e-12)
            self._before = []
        values["learning_rate"] = float(self._optimizer.param_groups[0]["lr"])
        if self._rows_since:
            values["rows_per_second"] = self._rows_since / max(now - self._time_since, 1e-9)
        self._rows_since, self._time_since = 0, now
        import torch

        if torch.cuda.is_available():
            values["gpu_memory_mb"] = torch.cuda.max_memory_allocated() / 2**20
        return values

    def _weights(self) -> list[Any]:
        groups = self._optimizer.param_groups
        return [one for group in groups for one in group["params"]]

    def _heard(self, values: Mapping[str, float], step: int) -> None:
        """Keep the best checkpoint, when what it is judged by was logged."""
        value = values.get(self._best_name)
        if value is None or self._checkpoints is None or self._sign * value >= self._best:
            return
        self._best = self._sign * value
        self._checkpoints.save_best(self._state())

    def _state(self) -> dict[str, Any]:
        import torch

        return {
            "parts": {name: part.state_dict() for name, part in self._parts.items()},
            "step": self.step,
            "epoch": self._epoch,
            "best": self._best,
            "random": {"torch": torch.get_rng_state(), "python": random.getstate()},
        }

    def _resume(self) -> None:
        state = self._checkpoints.last() if self._checkpoints is not None else None
        if state is None:
            return
        import torch

        try:
            for name, part in self._parts.items():
                part.load_state_dict(state["parts"][name])
        except (RuntimeError, KeyError, ValueError) as error:
            raise UsageError(
                f"the checkpoint in {self._session.folder} is not of this model",
                why=str(error).strip().splitlines()[0][:200],
                now="keepwell run --script SCRIPT --fresh starts over",
            ) from error
        self.step, self._epoch, self._best = state["step"], state["epoch"], state["best"]
        torch.set_rng_state(state["random"]["torch"])
        version, numbers, gauss = state["random"]["python"]
        random.setstate((version, tuple(numbers), gauss))
        print(f"keepwell: goes on at step {self.step}", file=sys.stderr)  # noqa: T201 (a script's voice)


class _Feed:
    """A hook that stays behind when its module is copied or pickled: what was watched is the original."""

    def __init__(self, call: Callable[[Any, tuple[Any, ...]], None]) -> None:
        self._call = call

    def __call__(self, module: Any, given: tuple[Any, ...]) -> None:
        self._call(module, given)

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        return _deaf, ()


def _deaf() -> Callable[..., None]:
    return _ignore


def _ignore(*given: Any) -> None:
    """Hear nothing."""


def _norm(tensors: list[Any]) -> float:
    import torch

    return float(torch.stack([one.norm() ** 2 for one in tensors]).sum().sqrt()) if tensors else 0.0


def _hear_losses(torch: Any) -> None:
    """Note what `backward()` is called on: that is the loss, whatever the script calls it."""
    original: Callable[..., Any] = torch.Tensor.backward
    if getattr(original, "keepwell", False):
        return

    def backward(tensor: Any, *given: Any, **named: Any) -> Any:
        if tensor.numel() == 1:
            for watched in _watchers:
                watched.loss = tensor.detach()
        return original(tensor, *given, **named)

    backward.keepwell = True  # type: ignore[attr-defined]
    torch.Tensor.backward = backward
