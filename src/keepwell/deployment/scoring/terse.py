"""A shorter way for rows with texts to a weighted sum: of thousands of terms, only those that a text has.

The steps lay out a row with a number for each term that is known, and the head multiplies all of them. That
is what an explanation looks at; an answer can do without.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keepwell.deployment.scoring.heads.linear import Weighted
from keepwell.deployment.scoring.parts import Head, Step
from keepwell.deployment.scoring.steps.split import Split
from keepwell.deployment.scoring.steps.text.hashing import Hashing
from keepwell.deployment.scoring.steps.text.terms import Terms

_NARROW = 256
"""Terms up to which laying them out is as quick."""


def terse_row(steps: Sequence[Step], head: Head) -> Callable[[list[Any]], list[float]] | None:
    """Return what answers a row of the columns that the steps take; None if nothing is won.

    Law: it gives what the head gives to what the steps give; sums are taken in another order.
    """
    if len(steps) != 1 or not isinstance(steps[0], Split) or not isinstance(head, Weighted):
        return None
    blocks = steps[0].blocks
    texts = [step for _, step, _ in blocks if isinstance(step, Terms | Hashing)]
    weighted = any(weight is not None for _, _, weight in blocks)
    if weighted or sum(step.width for step in texts) <= _NARROW:
        return None
    weights, intercepts = head.sums
    link = head.link.row
    plan = [(columns, step, isinstance(step, Terms | Hashing)) for columns, step, _ in blocks]

    def row(values: list[Any]) -> list[float]:
        sums, at = intercepts, 0
        for columns, step, is_text in plan:
            if is_text:
                slots, counts = step.counts(values[columns[0]])
                if slots:
                    sums = sums + np.array(counts) @ weights[at : at + step.width][slots]
                at += step.width
            else:
                answer = step.row([values[column] for column in columns])
                sums = sums + np.array(answer) @ weights[at : at + len(answer)]
                at += len(answer)
        return link(sums.tolist())

    return row
