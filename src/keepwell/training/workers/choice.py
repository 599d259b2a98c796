"""Who does the jobs of a problem: what is small and our own is done here, the rest by children."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from keepwell.core.records import ColumnType
from keepwell.training.learners.base import Learner
from keepwell.training.problem import Problem
from keepwell.training.search.capacity import child_need, own_need
from keepwell.training.search.jobs import Bench
from keepwell.training.splits.plans import Fold
from keepwell.training.threads import free_cores
from keepwell.training.workers.children import ChildRunner
from keepwell.training.workers.grant import Grant
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Runner

_OURS = "keepwell.training.learners."
_MODAL = "keepwell.training.modalities."
# The user's files and dotted names, and whole engines: these may do anything, for any time.
_OTHERS = (_OURS + "own.", _OURS + "automl.")
TINY = 150_000  # cells that are learnt from before a child has loaded its libraries
_TINY_WITH_TEXT = 500  # rows
START = 6.0  # seconds: a budget below it is better spent than waiting for children
_CELLS_PER_THREAD = 2_000_000  # a fit of less is quicker on one core beside another fit
_MOST_CHILDREN = 8


def open_runner(
    problem: Problem,
    folds: Sequence[Fold],
    learners: Mapping[str, Learner],
    *,
    memory: Grant,
    seconds: float,
    parallel: int | None = None,
) -> Runner:
    """Return the runner that suits a problem.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        learners: By name. Strangers' always run in children: they may crash or never end.
        memory: What this process and its children may take together.
        seconds: Of the budget.
        parallel: Fits at a time, where the user has said so.
    """
    if not in_children(problem, learners, seconds=seconds, parallel=parallel):
        return HereRunner(problem, folds, learners)
    free = free_cores()
    cells = problem.rows * len(problem.signature.inputs)
    if parallel is None:
        parallel = max(1, min(free, _MOST_CHILDREN)) if cells < _CELLS_PER_THREAD else 1
    parallel = memory.children(parallel, child_need(problem), aside=own_need(problem))
    return ChildRunner(
        replace(problem, jobs=max(free, parallel)),
        folds,
        learners,
        memory=memory,
        parallel=parallel,
    )


def open_bench(
    bench: Bench, *, cells: int, memory: Grant | None, seconds: float, ours: bool = True
) -> Runner:
    """Return who does the jobs of a bench: this process, or one child under limits.

    Args:
        bench: Does them; must be picklable.
        cells: About so many are learnt from in one of them.
        memory: What this process and its child may take together; None: half of what is free.
        seconds: Of the budget.
        ours: Nobody's code but ours and our core libraries' is run.

    Raises:
        TrainingError: If the memory granted does not hold a child.
    """
    if ours and is_quick(cells, seconds):
        return HereRunner.over(bench)
    granted = memory or Grant()
    granted.must_hold_a_child()
    return ChildRunner.over(bench, memory=granted)


def in_children(
    problem: Problem, learners: Mapping[str, Learner], *, seconds: float, parallel: int | None
) -> bool:
    """Tell whether children do the jobs of a problem."""
    ours = all(is_ours(one) or _is_idle(one, problem) for one in learners.values())
    return not (ours and parallel is None and is_quick(cells_of(problem), seconds))


def is_ours(learner: Learner) -> bool:
    """Tell whether a learner runs nobody's code but ours and our core libraries'."""
    inner = _inner(learner)
    where = type(inner).__module__
    if where.startswith(_MODAL):
        return not getattr(inner, "needs", ())  # PyTorch has a process of its own
    return where.startswith(_OURS) and not where.startswith(_OTHERS)


def _is_idle(learner: Learner, problem: Problem) -> bool:
    """Tell whether one of our learners has nothing to offer: of pictures, where there are none."""
    where = type(_inner(learner)).__module__
    return where.startswith(_MODAL) and not learner.candidates(problem)


def _inner(learner: Learner) -> Learner:
    """Return, of a learner with settings, the one that is set."""
    inner: Learner = getattr(learner, "learner", learner)
    return inner


def is_quick(cells: int, seconds: float) -> bool:
    """Tell whether what is learnt is learnt before a child has loaded its libraries, or has to be."""
    return cells <= TINY or seconds < START


def cells_of(problem: Problem) -> int:
    """Return about how many cells are learnt from."""
    texts = any(field.type is ColumnType.TEXT for field in problem.signature.inputs)
    if texts and problem.rows > _TINY_WITH_TEXT:
        return TINY + 1  # a text is many cells
    return problem.rows * len(problem.signature.inputs)
