"""From a table of events to a recommender, with the evidence for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.progress import Progress
from keepwell.core.records import Column, ColumnType, Field, Profile, Signature, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.data.profiles import profile_table
from keepwell.features.recommendation import Recommender
from keepwell.tracking.metrics import Scores, intervals
from keepwell.tracking.metrics.catalog import check_metric, default_metric
from keepwell.tracking.metrics.top_k import LONGEST
from keepwell.training.plots.tables import candidates as candidates_plot
from keepwell.training.profiling import PREDICTION
from keepwell.training.search.budget import Budget
from keepwell.training.tasks import Given
from keepwell.training.tasks.declared import must_apply
from keepwell.training.tasks.ranking.bench import Trial, recommender
from keepwell.training.tasks.ranking.choosing import Choice, choose
from keepwell.training.tasks.ranking.describing import Known, describe
from keepwell.training.tasks.ranking.events import Events, name_columns, read_events
from keepwell.training.tasks.ranking.exam import ranking_exam
from keepwell.training.tasks.ranking.plots import ranking_plots
from keepwell.training.tasks.ranking.ranker import rank_of
from keepwell.training.tasks.ranking.splitting import set_aside
from keepwell.training.trained import Finding, Overfit, Trained

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHOWN = 50
_USUAL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A recommender with its ranker's text, as it goes into a bundle."""

    recommender: Recommender
    ranker: str = ""


def train_recommender(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    progress: Progress,
    given: Given,
) -> Trained:
    """Learn what to recommend, and measure it on events that nothing was learnt from.

    Raises:
        TrainingError: If users, items or enough events are missing; says what to do.
    """
    must_apply(given.features, spec, Task.RANKING)
    named = name_columns(columns, data)
    metric = check_metric(spec.metric or default_metric(Task.RANKING), Task.RANKING)
    budget = Budget(spec.budget)
    events = read_events(table, named)
    known = describe(table, columns, named, events, given.users, given.items)
    events = known.events
    by_time = spec.split.by == "time"
    held = set_aside(events, spec.split.test, by_time=by_time)
    if given.test_rows is not None:
        chosen = np.zeros(table.num_rows, dtype=bool)
        chosen[np.asarray(given.test_rows)] = True
        held = chosen[events.rows]
    trial = Trial(
        events=events.where(~held), metric=metric, seed=spec.seed, repeat=spec.repeat,
        by_time=by_time, known=known.described,
    )  # fmt: skip
    choice = choose(trial, given.memory, budget, progress, given.store)
    fitted = _fitted(events, held, choice, spec, known)
    signature = _signature(named, events, known)
    return _reported(
        table, named, spec, events, held, choice, fitted, signature, metric, known, budget
    )


def _fitted(
    events: Events, held: "NDArray[np.bool_]", choice: Choice, spec: TrainSpec, known: Known
) -> Fitted:
    """Return what was learnt from all but the test events; users' histories hold those too, marked."""
    text = choice.learnt.ranker
    made = recommender(
        events, choice.learnt.catalogue, choice.way.method,
        rank=rank_of(text) if text else None, repeat=spec.repeat, history=events.history(held),
        known=known, cold=choice.cold,
    )  # fmt: skip
    return Fitted(recommender=made, ranker=text)


def _signature(data: DataSpec, events: Events, known: Known | None = None) -> Signature:
    counts = np.bincount(events.user, minlength=len(events.users))
    first = tuple(events.users[user] for user in np.argsort(-counts, kind="stable")[:_SHOWN])
    count = "k" if data.user != "k" else "top_k"
    return Signature(
        task=Task.RANKING,
        target="",
        inputs=(
            Field(name=data.user, type=ColumnType.CATEGORY, categories=first, example=first[0]),
            Field(name=count, type=ColumnType.INTEGER, example=_USUAL),
            *(() if known is None else (_field(column, known) for column in known.fields)),
        ),
    )


def _field(column: Column, known: Known) -> Field:
    """Return a column that a request may say of a user; numbers as numbers, all else as labels."""
    read = next(one for one in known.users.columns if one.name == column.name)
    numeric = column.type in (ColumnType.NUMBER, ColumnType.INTEGER)
    kind = column.type if numeric or column.type is ColumnType.DATETIME else ColumnType.CATEGORY
    return Field(name=column.name, type=kind, categories=read.labels)


def _reported(  # noqa: PLR0913, PLR0917 (the parts of what is reported)
    table: pa.Table,
    data: DataSpec,
    spec: TrainSpec,
    events: Events,
    held: "NDArray[np.bool_]",
    choice: Choice,
    fitted: Fitted,
    signature: Signature,
    metric: str,
    known: Known,
    budget: Budget,
) -> Trained:
    test = np.sort(events.rows[held])
    exam = ranking_exam(signature, table.take(pa.array(test)), data, len(events.items))
    names = exam.table[data.user].to_pylist()
    made = fitted.recommender
    lists = [[one.as_dict() for one in made.top(n, LONGEST, learnt_only=True)] for n in names]
    metrics = intervals(Task.RANKING, (), exam.actual, Scores(predictions=lists), seed=spec.seed)
    best = choice.leaderboard[0]
    tested = metrics[metric].value
    return Trained(
        task=Task.RANKING,
        task_reason=_why(data, spec),
        split_reason=_split_words(spec),
        signature=signature,
        pipeline=fitted,
        learner=best.learner,
        params=best.params,
        metric=metric,
        metrics=metrics,
        leaderboard=choice.leaderboard,
        importance={},
        findings=(*_findings(data, spec, events, held, choice), *known.findings),
        test_rows=test,
        test_actual=[sorted(map(str, one)) for one in exam.actual.items],
        test_predictions=lists,
        test_probabilities=None,
        plots=ranking_plots(made, metrics)
        | {"cross_validation": candidates_plot(choice.leaderboard, metric)},
        profile=_profile(lists),
        overfit=Overfit(metric=metric, train=None, validation=best.mean, test=tested),
        seconds=budget.spent,
    )


def _why(data: DataSpec, spec: TrainSpec) -> str:
    if spec.task is Task.RANKING:
        return "`task: ranking` is set under `train:`"
    return f"`user: {data.user}` and `item: {data.item}` are set under `data:`, and no target"


def _split_words(spec: TrainSpec) -> str:
    if spec.split.by == "time":
        return "the latest of all, because `by: time` is set"
    return "the last ones of each user"


def _findings(
    data: DataSpec, spec: TrainSpec, events: Events, held: "NDArray[np.bool_]", choice: Choice
) -> tuple[Finding, ...]:
    told = [
        ("task", f"{_why(data, spec)}: the task is ranking"),
        (
            "split",
            f"{int(held.sum()):,} of {len(events):,} events are for the test: {_split_words(spec)}",
        ),
        (
            "events",
            f"{len(events.users):,} users took {len(events.items):,} items in {len(events):,} "
            f"different events; {events.reason}",
        ),
    ]
    if choice.cold_scores:
        usual, audience = (choice.cold_scores[name] for name in ("popularity", "audience"))
        chosen = (
            "what is popular with users like them"
            if choice.cold == "audience"
            else "what is popular"
        )
        told.append(
            (
                "events",
                f"users without events get {chosen}: asked as if they were new, the users of the validation "
                f"gave {audience:.4f} for users like them, {usual:.4f} for everybody",
            )
        )
    findings = tuple(Finding(column="", message=text, kind=kind) for kind, text in told)
    return (*findings, *choice.findings)


def _profile(lists: Sequence[Sequence[Any]]) -> Profile:
    """Return statistics of the item that leads each list; who asks says nothing about the model."""
    firsts = [str(one[0]["item"]) for one in lists if one]
    column = Column(name=PREDICTION, type=ColumnType.CATEGORY, nullable=False)
    return profile_table(pa.table({PREDICTION: pa.array(firsts, pa.string())}), [column])
