"""Numbers that add up to the target: `casual + registered` beside `cnt`.

Each part alone looks like an honest, if strong, feature; together they are the target. Found by
orthogonal matching pursuit: take the column that explains most of what is left, fit all taken columns
again, stop when nothing is left. Only plain sums and differences count; another exact formula may well
be what the model is there to find.
"""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.training.guards.evidence import Evidence
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_PARTS = 6
_FEWEST_ROWS = 20
_EXACT = 1e-6  # of the target's spread
_ONE = 1e-3


def sums(evidence: Evidence) -> list[Finding]:
    """Find groups of columns whose sum or difference is the target in every row."""
    if not evidence.task.numeric or len(evidence.actual) < _FEWEST_ROWS:
        return []
    columns = {name: v for name, v in evidence.numbers.items() if np.isfinite(v).all()}
    found: list[Finding] = []
    while parts := _parts(columns, evidence.actual):
        formula = _formula(parts)
        message = (
            f"{formula} = {evidence.target} in every row: together these columns are the target"
        )
        names = tuple(parts)
        found.append(
            Finding(column=formula, message=message, dropped=True, kind="sum", columns=names)
        )
        columns = {name: values for name, values in columns.items() if name not in names}
    return found


def _parts(columns: "dict[str, Floats]", actual: "Floats") -> dict[str, float]:
    """Return the sign of each column in a sum that equals the target; empty if there is none."""
    target = actual - actual.mean()
    scale = float(np.sqrt(np.mean(target**2)))
    centred = {name: v - v.mean() for name, v in columns.items() if np.ptp(v) > 0}
    if not centred or scale == 0.0:
        return {}
    names = list(centred)
    matrix = np.column_stack([centred[name] for name in names])
    norms = np.sqrt((matrix**2).sum(axis=0))
    taken: list[int] = []
    left = target
    while len(taken) < min(_MOST_PARTS, len(names)):
        affinity = np.abs(matrix.T @ left) / norms
        affinity[taken] = -1.0
        taken.append(int(affinity.argmax()))
        weights = np.linalg.lstsq(matrix[:, taken], target, rcond=None)[0]
        left = target - matrix[:, taken] @ weights
        if float(np.abs(left).max()) <= _EXACT * scale:
            plain = len(taken) > 1 and bool((np.abs(np.abs(weights) - 1) < _ONE).all())
            signs = [float(np.sign(weight)) for weight in weights]
            return dict(sorted(zip([names[i] for i in taken], signs, strict=True))) if plain else {}
    return {}


def _formula(parts: dict[str, float]) -> str:
    ordered = sorted(parts.items(), key=lambda part: -part[1])  # plus before minus
    text = "".join(f" {'+' if sign > 0 else '-'} {name}" for name, sign in ordered)
    return text.removeprefix(" + ").strip()
