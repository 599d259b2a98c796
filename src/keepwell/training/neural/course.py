"""A network trained epoch by epoch: stopped when validation rows say so, or when time is up."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.networks.writing import torch_library
from keepwell.training.learners.base import Watch
from keepwell.training.learners.folds import seed_of
from keepwell.training.neural.checkpoints import Checkpoints
from keepwell.training.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE = 256  # validation rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a network is trained.

    Attributes:
        epochs: Most passes over the rows.
        batch: Rows of a step.
        rate: Highest learning rate; it rises to it and falls back, once.
        decay: Of the weights.
        patience: Epochs without a better answer to the validation rows, after which it stops.
        augment: Changes a batch of rows in ways that leave their class alone.
        device: Where it is trained.
    """

    epochs: int
    batch: int
    rate: float
    decay: float = 0.01
    patience: int = 5
    augment: Callable[[Any], Any] | None = None
    device: str = "cpu"

    @classmethod
    def of(cls, given: Mapping[str, Any], device: str, **more: Any) -> "Plan":
        """Return the plan that a learner's settings ask for; `more` is what they do not say, or not so."""
        said = {
            "epochs": int(given["epochs"]),
            "batch": int(given["batch"]),
            "rate": float(given["rate"]),
        }
        return cls(**{**said, **more}, device=device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What came of it: the epoch with the best weights, and whether time ended it."""

    epochs: int
    interrupted: bool


def train_module(
    module: Any,
    rows: "NDArray[Any]",
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    plan: Plan,
    problem: Problem,
    watch: Watch,
) -> Course:
    """Train a module in place; afterwards it has its best weights and is on the CPU.

    Args:
        module: Takes rows of float32, gives a score for each class of `target`, or one number.
        rows: Prepared.
        target: Classes as 0, 1, 2 …, or numbers of usual size.
        weights: How much each row counts.
        plan: How.
        problem: What is learnt.
        watch: What accompanies it; its validation rows have targets of the same kind.
    """
    torch = torch_library()
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, problem.jobs))
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(problem))
            return _Trainer(torch, module, rows, target, weights, plan, problem, watch).run()
    finally:
        torch.set_num_threads(before)
        module.cpu().eval()


class _Trainer:
    """One training."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a training
        self,
        torch: Any,
        module: Any,
        rows: "NDArray[Any]",
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        plan: Plan,
        problem: Problem,
        watch: Watch,
    ) -> None:
        self._torch, self._plan, self._watch = torch, plan, watch
        self._module = module.to(plan.device)
        self._numeric = problem.task.numeric
        kind = torch.float32 if self._numeric else torch.int64
        self._rows = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32))
        self._target = torch.as_tensor(target, dtype=kind)
        given = np.ones(len(target)) if weights is None else weights / max(weights.mean(), 1e-12)
        self._weights = torch.as_tensor(given, dtype=torch.float32)
        self._held = watch.validation
        self._epochs = max(1, min(watch.rounds or plan.epochs, plan.epochs))
        learnt = [one for one in module.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(learnt, lr=plan.rate, weight_decay=plan.decay)
        steps = self._epochs * -(-len(target) // plan.batch)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            max_lr=plan.rate,
            total_steps=max(steps, 5),  # of four, a quarter is one step, which PyTorch divides by
            pct_start=0.25,
        )
        self._best, self._kept, self._at = float("inf"), None, 0

    def run(self) -> Course:
        """Train."""
        marks = Checkpoints.of(
            self._watch.folder, self._rows, self._target, self._plan, self._epochs
        )
        start = self._resumed(marks) if marks else 0
        for epoch in range(start + 1, self._epochs + 1):
            loss, ended = self._epoch()
            values = {"loss": loss}
            held = None if ended else self._held_loss()
            if held is not None:
                values["held_out_loss"] = held
                if held < self._best:
                    self._best, self._at = held, epoch
                    self._kept = copy.deepcopy(self._module.state_dict())
            self._watch.log(epoch, values)
            self._watch.report(epoch / self._epochs)
            if marks and not ended:
                best = (self._best, self._at, self._kept)
                marks.save(epoch, best, self._module, self._optimizer, self._schedule)
            if ended or (self._watch.stop() and epoch < self._epochs):
                return self._finished(epoch, interrupted=True)
            if held is not None and epoch - self._at >= self._plan.patience:
                break
        if marks:
            marks.remove()
        return self._finished(self._epochs, interrupted=False)

    def _resumed(self, marks: Checkpoints) -> int:
        """Go on from a checkpoint, and return its epoch; 0 if there is none."""
        epoch, best = marks.restore(self._module, self._optimizer, self._schedule)
        if best is not None:
            self._best, self._at, self._kept = best
        return epoch

    def _finished(self, epoch: int, *, interrupted: bool) -> Course:
        if self._kept is not None:
            self._module.load_state_dict(self._kept)
        return Course(epochs=self._at or epoch, interrupted=interrupted)

    def _epoch(self) -> tuple[float, bool]:
        """Return the mean loss of one pass over the rows, and whether time ended it early."""
        torch, total, seen = self._torch, 0.0, 0
        self._module.train()
        for at in self._batches():
            rows = self._rows[at].to(self._plan.device)
            if getattr(self._module, "pieces", False):
                rows = rows[:, : max(1, int((rows >= 0).sum(dim=1).max()))]
            if self._plan.augment is not None:
                rows = self._plan.augment(rows)
            target = self._target[at].to(self._plan.device)
            each = self._losses(self._module(rows), target) * self._weights[at].to(rows.device)
            loss = each.mean()
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
            self._optimizer.step()
            self._schedule.step()
            total, seen = total + float(loss.detach()) * len(at), seen + len(at)
            if self._watch.stop():
                return total / seen, True
        return total / max(seen, 1), False

    def _batches(self) -> Iterator[Any]:
        """Yield positions of rows; a last batch of one row joins the one before."""
        order = self._torch.randperm(len(self._target))
        parts = list(order.split(self._plan.batch))
        if len(parts) > 1 and len(parts[-1]) == 1:  # of one row there is no spread to normalize by
            last = parts.pop()
            parts[-1] = self._torch.cat([parts[-1], last])
        yield from parts

    def _losses(self, scores: Any, target: Any) -> Any:
        functional = self._torch.nn.functional
        if self._numeric:
            return functional.smooth_l1_loss(scores[:, 0], target, reduction="none")
        return functional.cross_entropy(scores, target, reduction="none")

    def _held_loss(self) -> float | None:
        if self._held is None or not len(self._held[1]):
            return None
        held, actual = self._held
        scores = scores_of(self._module, held.values, self._plan.device)
        kind = self._torch.float32 if self._numeric else self._torch.int64
        target = self._torch.as_tensor(actual, dtype=kind)
        return float(self._losses(self._torch.from_numpy(scores), target).mean())


def scores_of(module: Any, rows: "NDArray[Any]", device: str = "cpu") -> "NDArray[np.float32]":
    """Return what a module says of rows."""
    torch = torch_library()
    module.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(rows), _AT_ONCE):
            part = np.ascontiguousarray(rows[start : start + _AT_ONCE], dtype=np.float32)
            if getattr(module, "pieces", False):  # no longer than the longest text
                part = part[:, : max(1, int((part >= 0).sum(axis=1).max()))].copy()
            parts.append(module(torch.from_numpy(part).to(device)).float().cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, 1), dtype=np.float32)
