"""What a learner is.

Law: a learner holds no state between calls; the same candidate on the same rows with the same seed
gives the same model; `fit` returns soon after `watch.stop()` turns true if it is `interruptible`, with
the best model so far.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from keepwell.features.preparation import Flavour
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST = "baseline"  # what every other learner has to beat
UNTRAINED = "zero-shot"  # what training a pretrained model has to beat


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to learn: a learner with settings."""

    name: str  # "lightgbm/wide"
    learner: str
    params: Params = field(default_factory=dict)
    preparation: Params = field(default_factory=dict)  # see `features.preparation.Choices`
    source: str = ""  # who proposed it: portfolio, tpe, random, grid, earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What accompanies one fit.

    Attributes:
        validation: Rows to stop early by, of which nothing is scored; None if `rounds` are known, or if
            the learner does not say `stops_early`.
        rounds: Boosting rounds, from what early stopping found; None: not known.
        stop: Turns true when time is up.
        report: Told the share of the work that is done, now and then.
        log: Told what is worth a curve, by step: the loss of an epoch.
        folder: Where a long fit may keep checkpoints; empty: nowhere.
        whole: The fit is to all rows, and its model is kept; else it is measured on a fold and forgotten.
    """

    validation: "tuple[Matrix, NDArray[Any]] | None" = None
    rounds: int | None = None
    stop: Callable[[], bool] = lambda: False
    report: Callable[[float], None] = lambda share: None
    log: Callable[[int, Mapping[str, float]], None] = lambda step, values: None
    folder: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted estimator.

    Attributes:
        model: Answers prepared rows.
        rounds: How many it took, if it works in rounds.
        interrupted: It was told to stop before it was done.
        note: What the reader of the leaderboard should know, such as that there is no GPU to be had.
    """

    model: Any
    rounds: int | None = None
    interrupted: bool = False
    note: str = ""


class Learner(Protocol):
    """Offers candidates for a problem and fits them.

    One that looks at `watch.validation` says so by an attribute `stops_early = True`: then a part of the
    rows is set apart for it. One whose rounds are passes over the rows adds `epochs = True`: more rows then
    need no more of them. One whose fit takes long says `refitted = False`: in a fold, the rows that told it
    when to stop are not learnt from in a second fit; of few rows none is set apart. One in whose fit chance
    has a part says `drawn = True`: in an ensemble it may be fitted more than once, by other seeds.
    One that takes long may have `pays(problem) -> bool`: whether it is worth trying where nobody named it;
    and `tail`: the seconds that it goes on after it was told to stop, in a fit to all rows.
    """

    @property
    def flavour(self) -> Flavour:
        """How rows are prepared for it."""
        ...

    @property
    def interruptible(self) -> bool:
        """Whether a fit ends soon after it is told to."""
        ...

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return what is worth trying, the most promising first; empty if nothing is."""
        ...

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a rough guess of the time of one fit, for a plan before any was measured."""
        ...

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Fit a candidate to prepared rows."""
        ...


class Suggest(Protocol):
    """Draws one setting at a time, as a trial of Optuna does."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Return a number of a range."""
        ...

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Return a whole number of a range."""
        ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of some choices."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A learner whose settings can be searched."""

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return the settings of one candidate, drawn one by one."""
        ...
