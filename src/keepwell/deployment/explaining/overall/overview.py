"""All of the global explanation, within its time."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Dependence, Interaction, Overview, Signature
from keepwell.deployment.explaining.explainer import Explainer, Strengths
from keepwell.deployment.explaining.overall.dependence import POINTS, curves, grid_of, strength
from keepwell.deployment.explaining.overall.permutation import Permuted, estimate, permute
from keepwell.deployment.scoring.scorer import Scorer
from keepwell.tracking.metrics import direction, measure

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

PERMUTED_ROWS = 2000
CONTRIBUTED_ROWS = 500
DEPENDENCE_ROWS = 300
INTERACTION_ROWS = 40
LINES = 20
TOP = 6  # columns whose dependence is drawn
PAIRED = 4  # of them, columns whose pairs are looked at
_PARTS = 3  # a pair is asked for together, and each on its own
_TIMED = 50  # rows by which it is told how quick the model is
_FEWEST = 20
_PAIR = 2


def overview(  # noqa: PLR0913 (what is explained, on what, and for how long, by name)
    scorer: Scorer,
    explainer: Explainer,
    table: "pa.Table",
    actual: Sequence[Any],
    *,
    metric: str,
    importance: Mapping[str, float] | None = None,
    seconds: float = 3.0,
    seed: int = 0,
) -> Overview:
    """Return what a model goes by on the whole.

    Args:
        scorer: The model.
        explainer: Says what each column added to single answers.
        table: Rows that it has not learnt from.
        actual: Their true labels or numbers.
        metric: What shuffling is measured in.
        importance: By column what is known already: the order in which columns are looked at.
        seconds: Time for all of it; what there is no time for is left out, and told.
        seed: Equal seeds, equal samples and shuffles.
    """
    started = time.monotonic()
    share = _Clock(started, seconds)
    columns = scorer.canonical_table(table)
    made = _Overview(scorer, columns, np.arange(table.num_rows), seed)
    rate = _Rate(made, seconds)
    known = importance or {}
    names = [item.name for item in scorer.signature.inputs]
    order = sorted(range(len(names)), key=lambda at: -known.get(names[at], 0.0))
    looked = min(table.num_rows, rate.rows(PERMUTED_ROWS, 0.35, 1 + len(names)))
    permuted = made.permuted(actual, metric, order, looked, until=share.until(0.4))
    drops = {names[at]: estimate(found) for at, found in permuted.drops.items()}
    ranked = sorted(drops.items(), key=lambda item: -item[1].value)
    first = [names.index(name) for name, _ in ranked] or order
    parts = _contributed(explainer, made, share.until(0.6))
    sizes = dict(zip(names, parts.sizes.tolist(), strict=True))
    shown = min(TOP, len(names))
    rows = rate.rows(DEPENDENCE_ROWS, 0.25, POINTS * shown)
    dependence = made.dependence(first[:shown] if rows else (), rows, until=share.until(0.85))
    pairs = min(PAIRED, len(names)) * (min(PAIRED, len(names)) - 1) // 2
    rows = int(rate.rows(INTERACTION_ROWS**2, 0.15, _PARTS * pairs) ** 0.5)
    interactions = made.interactions(first[:PAIRED] if rows else (), rows, until=share.until(1.0))
    notes = _notes(permuted, len(names), shown, len(dependence), metric, looked)
    return Overview(
        metric=metric,
        value=None if permuted.value is None else direction(metric) * permuted.value,
        rows=looked,
        shuffles=permuted.shuffles,
        permutation=dict(ranked),
        strength=dict(sorted(sizes.items(), key=lambda item: -item[1])),
        method=parts.method,
        scale=parts.scale,
        explained=made.explained,
        dependence=tuple(dependence),
        interactions=tuple(sorted(interactions, key=lambda one: -one.strength)),
        seconds=time.monotonic() - started,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    started: float
    seconds: float

    def until(self, share: float) -> float:
        return self.started + share * self.seconds


class _Rate:
    """How many rows the model answers in a share of the time: pictures take milliseconds each."""

    def __init__(self, made: "_Overview", seconds: float) -> None:
        made.answer(made.drawn(1))  # the first answer loads what later ones have
        few = made.drawn(_TIMED)
        start = time.process_time()  # what others do to the machine passes
        made.answer(few)
        self._each = (time.process_time() - start) / max(len(few[0]) if few else 1, 1)
        self._seconds = seconds

    def rows(self, wanted: int, share: float, times: int) -> int:
        """Return how many rows can be answered so many times; 0 if too few to say anything."""
        most = share * self._seconds / max(self._each * max(times, 1), 1e-12)
        return wanted if most >= wanted else int(most) if most >= _FEWEST else 0


class _Overview:
    """The rows, sampled once, and the model's answers to them."""

    def __init__(
        self, scorer: Scorer, columns: "list[NDArray[Any]]", rows: "NDArray[np.int64]", seed: int
    ) -> None:
        self._scorer = scorer
        self._columns = columns
        self._seed = seed
        self._order = np.random.default_rng(seed).permutation(rows)
        signature = scorer.signature
        self._place = _told_of(signature)
        self.explained = str(signature.classes[self._place]) if signature.classes else ""

    def drawn(self, most: int) -> "list[NDArray[Any]]":
        """Return columns of at most so many rows, drawn without replacement."""
        chosen = np.sort(self._order[:most])
        return [column[chosen] for column in self._columns]

    def permuted(
        self, actual: Sequence[Any], metric: str, order: Sequence[int], rows: int, *, until: float
    ) -> Permuted:
        if not rows:
            return Permuted()
        chosen = np.sort(self._order[:rows])
        truth = [actual[at] for at in chosen]
        measured = _measure(self._scorer, truth, metric)
        return permute(measured, self.drawn(rows), order, until=until, seed=self._seed)

    def answer(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Return the chance of the class that is told of, or the value."""
        answers: NDArray[np.float64] = self._scorer.model.batch(columns)[:, self._place]
        return answers

    def dependence(self, places: Sequence[int], rows: int, *, until: float) -> list[Dependence]:
        sample, made = self.drawn(rows), []
        for at in places:
            grid = grid_of(sample[at])
            if time.monotonic() > until:
                break
            if not len(grid):
                continue
            found = curves(self.answer, sample, at, grid)
            made.append(
                Dependence(
                    column=self._scorer.signature.inputs[at].name,
                    numeric=sample[at].dtype != object,
                    grid=tuple(grid.tolist()),
                    mean=tuple(found.mean(axis=0).tolist()),
                    lines=tuple(tuple(line) for line in found[:LINES].tolist()),
                )
            )
        return made

    def interactions(self, places: Sequence[int], rows: int, *, until: float) -> list[Interaction]:
        sample, names = self.drawn(rows), self._scorer.signature.inputs
        made = []
        for one, other in combinations(places, 2):
            if time.monotonic() > until:
                break
            found = strength(self.answer, sample, one, other)
            made.append(
                Interaction(first=names[one].name, second=names[other].name, strength=found)
            )
        return made


def _contributed(explainer: Explainer, made: _Overview, until: float) -> Strengths:
    """Return how much each column adds, from as many rows as there is time for."""
    few = made.drawn(_TIMED)
    start = time.monotonic()
    parts = explainer.strengths(few, until=until)
    now = time.monotonic()
    each = max(now - start, 1e-9) / max(parts.rows, 1)
    most = min(CONTRIBUTED_ROWS, int((until - now) / each))
    if parts.method == "sampled" or most <= len(few[0]):
        return parts
    return explainer.strengths(made.drawn(most), until=until)


def _measure(
    scorer: Scorer, actual: Sequence[Any], metric: str
) -> "Callable[[Sequence[NDArray[Any]]], float | None]":
    signature, sign = scorer.signature, direction(metric)

    def measured(columns: "Sequence[NDArray[Any]]") -> float | None:
        said = scorer.scores_of(columns)
        found = measure(
            signature.task,
            signature.classes,
            actual,
            said.predictions,
            said.probabilities,
            only=(metric,),
        ).get(metric)
        return None if found is None else sign * found

    return measured


def _told_of(signature: Signature) -> int:
    """Return the place of the class whose chance is drawn: the second of two, the last of several."""
    return max(0, len(signature.classes) - 1)


def _notes(
    permuted: Permuted, columns: int, wanted: int, drawn: int, metric: str, rows: int
) -> list[str]:
    notes = []
    if not rows:
        notes.append(
            "time was up before a column was shuffled: the model takes too long for what was left"
        )
    elif permuted.value is None:
        notes.append(f"nothing was shuffled: the test rows cannot decide {metric}")
    elif len(permuted.drops) < columns:
        notes.append(
            f"time was up after {len(permuted.drops)} of {columns} columns were shuffled, those with the "
            "largest influence first"
        )
    if drawn < wanted:
        notes.append(f"dependence was drawn for {drawn} of {wanted} columns: no time, or no values")
    return notes
