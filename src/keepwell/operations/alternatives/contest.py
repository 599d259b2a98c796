"""All contenders on the same rows, and what follows from that."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import UsageError
from keepwell.core.progress import Progress
from keepwell.core.records import Estimate, Signature
from keepwell.operations.alternatives.advice import advise
from keepwell.operations.alternatives.contenders import Answer, Contender
from keepwell.operations.alternatives.frontier import on_the_frontier
from keepwell.operations.alternatives.pricing import Prices

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_ROWS = 20
_GIVE_UP = 5  # failures in a row, from the first row on


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one contender did.

    Attributes:
        name: Who.
        kind: `version`, `file`, `service`, `language model`, or `cascade`.
        quality: The deciding metric: accuracy of labels, mean distance of numbers.
        latency_ms: Median time of one row.
        latency_p95_ms: 95 of 100 rows are answered within it.
        cost: Of a thousand rows; None where no price is known.
        effort: What it took, in words.
        unanswered: Rows without a usable answer; of labels they count as wrong.
        frontier: Nobody is at least as good in quality, time and cost, and better in one.
        fits: It keeps the limits that were asked for.
    """

    name: str
    kind: str
    quality: Estimate
    latency_ms: float
    latency_p95_ms: float
    cost: float | None
    effort: str
    unanswered: int = 0
    frontier: bool = True
    fits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Everybody side by side.

    Attributes:
        metric: `accuracy` or `mae`.
        rows: How many rows each was asked.
        results: By contender, and the cascade where one is worth showing.
        pick: The best that keeps the limits; empty if none does.
        advice: `build`, `buy` or `combine`.
        reasons: Why, in sentences with numbers.
    """

    metric: str
    rows: int
    results: tuple[Result, ...]
    pick: str
    advice: str
    reasons: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Played:
    """What a contender said, row by row.

    Attributes:
        contender: Who.
        loss: By row: 0 for right and 1 for wrong, or the distance.
        confidence: By row; nan where it did not say.
        seconds: By row.
        tokens: In and out, all rows together.
        unanswered: Rows without a usable answer.
    """

    contender: Contender
    loss: "NDArray[np.float64]"
    confidence: "NDArray[np.float64]"
    seconds: "NDArray[np.float64]"
    tokens: tuple[int, int] = (0, 0)
    unanswered: int = 0


def hold_contest(  # noqa: PLR0913 (who, on what, and within which limits)
    contenders: Sequence[Contender],
    signature: Signature,
    rows: Sequence[Mapping[str, Any]],
    actual: Sequence[Any],
    *,
    prices: Prices,
    max_latency_ms: float | None = None,
    max_cost: float | None = None,
    progress: Progress,
    clock: Callable[[], float] = time.perf_counter,
) -> Contest:
    """Ask everybody every row, and say what follows.

    Raises:
        UsageError: If there are too few rows, two contenders of one name, or a task without one answer a row.
        UnavailableError: If a contender answers none of the first rows.
    """
    names = [item.name for item in contenders]
    if len(rows) < FEWEST_ROWS or len(set(names)) < len(names) or signature.task.several:
        raise UsageError(
            f"{', '.join(names)} cannot be compared on {len(rows)} rows",
            why=f"each needs a name of its own, one answer a row, and {FEWEST_ROWS} rows",
            now="--rows with more rows, or name each once",
        )
    played = [_play(item, signature, rows, actual, progress, clock) for item in contenders]
    labels = signature.task.labelled
    results = [_result(item, prices, labels=labels) for item in played]
    cascade, advice, reasons = advise(played, results, labels=labels)
    both = [cascade] if cascade is not None else []
    everybody = on_the_frontier([*results, *both], more=labels)
    judged = [_limited(item, max_latency_ms, max_cost) for item in everybody]
    fitting = [item for item in judged if item.fits]
    sign = 1 if labels else -1
    best = max(fitting, key=lambda item: sign * item.quality.value, default=None)
    return Contest(
        metric="accuracy" if labels else "mae",
        rows=len(rows),
        results=tuple(judged),
        pick=best.name if best is not None else "",
        advice=advice,
        reasons=tuple(reasons),
    )


def _play(
    contender: Contender,
    signature: Signature,
    rows: Sequence[Mapping[str, Any]],
    actual: Sequence[Any],
    progress: Progress,
    clock: Callable[[], float],
) -> Played:
    read = _reader(signature)
    count = len(rows)
    played = Played(
        contender=contender,
        loss=np.ones(count),
        confidence=np.full(count, np.nan),
        seconds=np.zeros(count),
    )
    distances = []
    for at, (row, truth) in enumerate(zip(rows, actual, strict=True)):
        progress.update(f"asking {contender.name}, row {at + 1:,} of {count:,}", at / count)
        start = clock()
        try:
            said: Answer | None = contender.ask(row)
        except Exception:  # a stranger's code or service: counted, unless it never worked
            said = None
            if played.unanswered == at and at + 1 >= _GIVE_UP:
                raise
        played.seconds[at] = clock() - start
        value = None if said is None else read(said.value)
        if said is None or value is None:
            played.unanswered += 1
            played.loss[at] = np.nan if signature.task.numeric else 1.0
            continue
        played.tokens = (played.tokens[0] + said.tokens[0], played.tokens[1] + said.tokens[1])
        played.confidence[at] = np.nan if said.confidence is None else said.confidence
        if signature.task.numeric:
            played.loss[at] = abs(float(truth) - value)
            distances.append(played.loss[at])
        else:
            played.loss[at] = float(value != str(truth).casefold())
    if signature.task.numeric:  # no answer is as bad as the worst one
        played.loss = np.nan_to_num(played.loss, nan=max(distances, default=0.0))
    return played


def _reader(signature: Signature) -> Callable[[Any], Any]:
    if signature.task.numeric:

        def number(value: Any) -> float | None:
            try:
                found = float(value)
            except (TypeError, ValueError):
                return None
            return found if np.isfinite(found) else None

        return number
    known = {str(label).casefold() for label in signature.classes}

    def label(value: Any) -> str | None:
        text = str(value).strip().casefold()
        return text if text in known else None

    return label


def _result(played: Played, prices: Prices, *, labels: bool) -> Result:
    milliseconds = played.seconds * 1000
    quality = 1.0 - played.loss if labels else played.loss
    return Result(
        name=played.contender.name,
        kind=played.contender.kind,
        quality=mean_of(quality),
        latency_ms=float(np.median(milliseconds)),
        latency_p95_ms=float(np.quantile(milliseconds, 0.95)),
        cost=prices.of(
            played.contender, float(played.seconds.mean()), played.tokens, len(played.loss)
        ),
        effort=played.contender.effort,
        unanswered=played.unanswered,
    )


def mean_of(values: "NDArray[np.float64]") -> Estimate:
    """Return the mean with its 95% bootstrap interval."""
    random = np.random.default_rng(0)
    draws = [values[random.integers(0, len(values), len(values))].mean() for _ in range(1000)]
    low, high = np.percentile(draws, (2.5, 97.5))
    return Estimate(value=float(values.mean()), low=float(low), high=float(high))


def _limited(item: Result, max_latency_ms: float | None, max_cost: float | None) -> Result:
    slow = max_latency_ms is not None and item.latency_p95_ms > max_latency_ms
    dear = max_cost is not None and (item.cost is None or item.cost > max_cost)
    return replace(item, fits=not slow and not dear)
