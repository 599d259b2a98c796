"""The lightest form whose loss stays within what was allowed, on rows set aside for the choice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.progress import Progress
from keepwell.core.records import Signature
from keepwell.features.decisions import decided
from keepwell.tracking.metrics import Scores, direction, measure, paired_difference
from keepwell.training.lighter import Form, Parts, forms_of
from keepwell.training.lighter.forms import cut_member, whole_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

MOST_ROWS = 4_000
"""That a form is chosen on."""

_ERRORS = 3.92  # standard errors that a 95% interval is wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes:
        form: The lightest that stays within; None if none does.
        tried: Forms that were looked at.
        rows: That they were looked at on.
        allowed: Loss that was allowed, in the metric's unit.
        nearest: The smallest loss of those that were too bad, in the metric's unit; None if none was.
    """

    form: Form | None
    tried: int
    rows: int
    allowed: float
    nearest: float | None = None


@dataclass(slots=True)
class Ground:
    """Answers of members to the rows that a form is chosen on, each asked for once."""

    parts: Parts
    signature: Signature
    metric: str
    table: "pa.Table"
    actual: Sequence[Any]
    _answers: "dict[tuple[int, int | None], NDArray[np.float64]]" = field(default_factory=dict)

    def scores(self, form: Form) -> Scores:
        """Return what a form says about the rows."""
        for key in zip(form.kept, form.rounds, strict=True):
            if key not in self._answers:
                self._answers[key] = self._asked(*key)
        answer = form.mean(self.parts, self._answers)
        if self.signature.task.numeric:
            return Scores(predictions=answer[:, 0].tolist())
        classes = self.signature.classes
        said = [classes[code] for code in decided(self.signature, answer).tolist()]
        return Scores(predictions=said, probabilities=answer)

    def value(self, scores: Scores) -> float | None:
        """Return the metric of answers; None where the rows cannot decide it."""
        return measure(
            self.signature.task,
            self.signature.classes,
            self.actual,
            scores.predictions,
            scores.probabilities,
        ).get(self.metric)

    def _asked(self, at: int, rounds: int | None) -> "NDArray[np.float64]":
        from keepwell.deployment.scoring.original import Original
        from keepwell.features.decoding import Decoder

        model = Original(cut_member(self.parts.members[at][0], rounds), self.signature)
        return model.batch(Decoder(self.signature, lenient=True).columns(self.table))


def choose(ground: Ground, max_loss: float, progress: Progress) -> Choice:
    """Return the lightest form that stays within the loss by a standard error of the difference.

    Args:
        ground: The rows, and the members' answers to them.
        max_loss: Share of the whole's value.
        progress: Hears how it goes.

    Raises:
        InvalidDataError: If the rows cannot decide the metric.
    """
    whole = ground.scores(whole_of(ground.parts))
    best = ground.value(whole)
    if best is None:
        raise InvalidDataError(
            f"{ground.metric} cannot be measured on these {len(ground.actual):,} rows",
            why="it needs rows of more than one class, or probabilities",
            now="name more rows with --rows labelled.csv",
        )
    sign, allowed = direction(ground.metric), max_loss * abs(best)
    nearest: float | None = None
    forms = forms_of(ground.parts)
    for tried, form in enumerate(forms, 1):
        progress.update(f"looking at {form.words}", tried / len(forms))
        scores = ground.scores(form)
        value = ground.value(scores)
        if value is None:
            continue
        loss = sign * (best - value)
        if loss <= allowed and loss + _error(ground, scores, whole) <= allowed:
            return Choice(form=form, tried=tried, rows=len(ground.actual), allowed=allowed)
        nearest = loss if nearest is None else min(nearest, loss)
    rows = len(ground.actual)
    return Choice(form=None, tried=len(forms), rows=rows, allowed=allowed, nearest=nearest)


def _error(ground: Ground, scores: Scores, whole: Scores) -> float:
    """Return the standard error of the difference on these rows; none where it cannot be told."""
    signature = ground.signature
    gap = paired_difference(
        ground.metric, signature.task, signature.classes, ground.actual, scores, whole
    )
    return 0.0 if gap.low is None or gap.high is None else (gap.high - gap.low) / _ERRORS
