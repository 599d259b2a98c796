"""What pairs show: how often both versions agree, which is faster, and which was right."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.core.records import ColumnType, ModelVersion, Profile
from keepwell.operations.rollouts.pairs import Pair
from keepwell.operations.rollouts.sequential import mean_bounds, swap_bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WRONG = "wrong answers"
ALPHA = 0.01
"""How often, at most, a judgement that is looked at at any time is wrong about harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Champion and candidate on the same rows.

    Attributes:
        rows: Pairs.
        agreement: Share of rows that both answer alike.
        difference: Mean of candidate minus champion; of a classifier's, share of other answers.
        shift: Jensen-Shannon distance of the two versions' answers to these rows, 0 to 1.
        old_drift: The same between the champion's answers here and those of its own evaluation.
        new_drift: The same for the candidate.
        old_ms: 95% of the champion's answers took up to that.
        new_ms: 95% of the candidate's.
        failures: Rows that the version which was not asked could not answer.
        labelled: Pairs whose outcome is known.
        loss: What is compared on those: `wrong answers`, `Brier score`, `squared error` …
        old_loss: The champion's mean.
        new_loss: The candidate's.
        low: Lower end of the difference of losses, candidate minus champion, at all looks together.
        high: Upper end.
        note: Why nothing could be compared; empty if something could.
    """

    rows: int = 0
    agreement: float | None = None
    difference: float | None = None
    shift: float | None = None
    old_drift: float | None = None
    new_drift: float | None = None
    old_ms: float | None = None
    new_ms: float | None = None
    failures: int = 0
    labelled: int = 0
    loss: str = ""
    old_loss: float | None = None
    new_loss: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


def compare(
    pairs: Sequence[Pair],
    outcomes: Mapping[str, str],
    old: ModelVersion,
    profiles: tuple[Profile, Profile] | None = None,
) -> Paired:
    """Return what pairs show.

    Args:
        pairs: In the order of time.
        outcomes: What turned out to be true, as JSON, by prediction id.
        old: The champion.
        profiles: Of champion and candidate: statistics of their own evaluation.
    """
    import numpy as np

    whole = [pair for pair in pairs if not pair.error]
    if not whole:
        return Paired(rows=len(pairs), failures=len(pairs))
    drifts = _drifts(whole, old, profiles)
    regression = old.signature.task.numeric
    agreement = sum(pair.agree for pair in whole) / len(whole)
    difference = 1 - agreement
    if regression:
        difference = float(np.mean(_numbers(whole, "new") - _numbers(whole, "old")))
    return Paired(
        rows=len(pairs),
        agreement=agreement,
        difference=difference,
        shift=drifts[0],
        old_drift=drifts[1],
        new_drift=drifts[2],
        old_ms=float(np.percentile([pair.old_ms for pair in whole], 95)),
        new_ms=float(np.percentile([pair.new_ms for pair in whole], 95)),
        failures=len(pairs) - len(whole),
        **_losses(whole, outcomes, old),
    )


def _losses(
    pairs: Sequence[Pair], outcomes: Mapping[str, str], old: ModelVersion
) -> dict[str, Any]:
    import numpy as np

    from keepwell.monitoring.independence import worth_of_numbers

    known = [pair for pair in pairs if pair.prediction_id in outcomes]
    if not known:
        return {}
    name, before, after = measure(known, outcomes, old)
    readable = np.isfinite(before) & np.isfinite(after)
    before, after = before[readable], after[readable]
    if len(before) < 2:  # noqa: PLR2004 (one row has no spread)
        return {"labelled": len(before), "loss": name}
    gaps = after - before
    worth = worth_of_numbers(gaps)
    if name == WRONG:
        scale = worth / len(gaps)  # rows that follow each other and are alike count for fewer
        worse, better = float((gaps > 0).sum()) * scale, float((gaps < 0).sum()) * scale
        bounds = swap_bounds(worse, better, worth, ALPHA)
    else:
        bounds = mean_bounds(worth, float(gaps.mean()), float(gaps.var(ddof=1)), ALPHA)
    finite = math.isfinite(bounds.low)
    return {
        "labelled": len(before),
        "loss": name,
        "old_loss": float(before.mean()),
        "new_loss": float(after.mean()),
        "low": bounds.low if finite else None,
        "high": bounds.high if finite else None,
    }


def measure(
    pairs: Sequence[Pair], outcomes: Mapping[str, str], version: ModelVersion
) -> "tuple[str, NDArray[np.float64], NDArray[np.float64]]":
    """Return the loss by name, and what it was for the champion and for the candidate, row by row."""
    import numpy as np
    import pyarrow as pa

    from keepwell.monitoring.labels import Labels, read_numbers

    truth = pa.chunked_array([[outcomes[pair.prediction_id] for pair in pairs]], pa.string())
    if version.signature.task.numeric:
        actual = read_numbers(truth)
        gaps = [_numbers(pairs, side) - actual for side in ("old", "new")]
        if version.metric == "mae":
            return "absolute error", np.abs(gaps[0]), np.abs(gaps[1])
        return "squared error", gaps[0] ** 2, gaps[1] ** 2
    labels, classes = Labels(version.signature.classes), list(version.signature.classes)
    true = labels.read(truth)
    if version.metric == "log_loss" and all(
        p.old_probabilities and p.new_probabilities for p in pairs
    ):
        places = [classes.index(label) if label is not None else -1 for label in true]
        return (
            "Brier score",
            _brier([pair.old_probabilities for pair in pairs], places),
            _brier([pair.new_probabilities for pair in pairs], places),
        )
    wrong = []
    for side in ("old", "new"):
        said = labels.read(pa.chunked_array([[getattr(p, side) for p in pairs]], pa.string()))
        wrong.append(
            np.array(
                [np.nan if t is None else float(s != t) for s, t in zip(said, true, strict=True)]
            )
        )
    return WRONG, wrong[0], wrong[1]


def _brier(chances: Sequence[Sequence[float]], places: Sequence[int]) -> "NDArray[np.float64]":
    import numpy as np

    rows = np.asarray(chances, dtype=np.float64)
    hits = np.zeros_like(rows)
    known = np.asarray(places) >= 0
    hits[np.flatnonzero(known), np.asarray(places)[known]] = 1.0
    score: NDArray[np.float64] = np.sum((rows - hits) ** 2, axis=1)
    score[~known] = np.nan
    return score


def _numbers(pairs: Sequence[Pair], side: str) -> "NDArray[np.float64]":
    import pyarrow as pa

    from keepwell.monitoring.labels import read_numbers

    return read_numbers(pa.chunked_array([[getattr(pair, side) for pair in pairs]], pa.string()))


def _drifts(
    pairs: Sequence[Pair], old: ModelVersion, profiles: tuple[Profile, Profile] | None
) -> tuple[float | None, float | None, float | None]:
    """Return how far apart the answers are, and each from those of its version's own evaluation."""
    from keepwell.monitoring.detectors.jensen_shannon import JensenShannon

    columns = [profile.column("prediction") for profile in profiles or ()]
    if len(columns) < 2 or None in columns or old.signature.input("prediction") is not None:  # noqa: PLR2004
        return None, None, None
    first, second = columns
    if first is None or second is None or first.type is not second.type:
        return None, None, None
    distance = JensenShannon().compare
    here = [_counted(pairs, side, first) for side in ("old", "new")]
    own = _counted(pairs, "new", second)
    samples = [*(one.current for one in here), here[0].reference, own.current, own.reference]
    if any(sample is None for sample in samples):
        return None, None, None
    said_old, said_new, then_old, said_own, then_own = samples
    return (
        distance(said_old, said_new).effect,
        distance(then_old, said_old).effect,
        distance(then_own, said_own).effect,
    )


def _counted(pairs: Sequence[Pair], side: str, column: Any) -> Any:
    import pyarrow as pa

    from keepwell.monitoring.counting import count_column
    from keepwell.monitoring.labels import label_texts, read_numbers

    texts = pa.chunked_array([[getattr(pair, side) for pair in pairs]], pa.string())
    if column.type is ColumnType.CATEGORY:
        return count_column(column, label_texts(texts))
    return count_column(column, pa.array(read_numbers(texts), from_pandas=True))
