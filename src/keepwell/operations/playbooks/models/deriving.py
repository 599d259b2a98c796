"""A version derived from another: registered with its parent, judged by the gate, put in place at once."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import GateError, KeepwellError
from keepwell.core.records import (
    Bundle,
    Column,
    ColumnType,
    Intervention,
    ModelVersion,
    Profile,
    Proof,
    Signature,
)
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import judge_version
from keepwell.operations.build.recipe import RECIPE, ROWS, TEST_ROWS, WEIGHTS, Recipe
from keepwell.operations.playbooks.trail import named

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.tracking.metrics import Scored

PARENT = "derived_from"
"""The run's tag that names the version it was derived from."""

INTERVENTION = "intervention"
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What is to be registered.

    Attributes:
        bundle: Its files.
        signature: What it takes and gives.
        proof: That its scorer answers as its pipeline does.
        params: What was chosen.
        told: What was done, and what it gains, in a sentence.
    """

    bundle: Bundle
    signature: Signature
    proof: Proof | None
    params: Mapping[str, str | int | float | bool | None]
    told: str


def derived_by(bench: Bench, intervention: Intervention) -> ModelVersion | None:
    """Return the version that an intervention has registered; None if it has none yet."""
    for run in bench.runs.find(bench.spec.name, kind=intervention.playbook):
        if run.tags.get(INTERVENTION) == named(intervention) and run.model:
            model, _, number = run.model.rpartition("/")
            return bench.registry.get(model, int(number))
    return None


def register(
    bench: Bench,
    parent: ModelVersion,
    made: Derived,
    intervention: Intervention,
    tested: "pa.Table",
) -> ModelVersion:
    """Register a derived version and judge it against its parent on rows that it was not fitted to.

    Raises:
        GateError: If it did not pass its gate; it stays registered, and answers nobody.
    """
    from keepwell.operations.build.judge import open_scorer
    from keepwell.tracking.metrics import intervals

    signature = made.signature
    run = bench.runs.start(
        bench.spec.name,
        intervention.playbook,
        params=dict(made.params),
        dataset=parent.dataset,
        tags={
            **_origin(bench, parent),
            PARENT: parent.key,
            INTERVENTION: named(intervention),
            "incident": intervention.incident,
            "why": intervention.reason,
        },
    )
    try:
        answers = open_scorer(
            bench, replace(parent, bundle=made.bundle, signature=signature)
        ).examined(tested)
        metrics = intervals(
            signature.task, signature.classes, tested[signature.target].to_pylist(), answers
        )
        finding = {"column": "", "message": made.told, "dropped": False}
        bench.runs.attach(run.id, "findings.json", to_json([finding]), _JSON)
        _keep_recipe(bench, run.id, parent, made.told)
        version = bench.registry.register(
            parent.model,
            run=run.id,
            bundle=made.bundle,
            signature=signature,
            metric=parent.metric,
            metrics=metrics,
            importance=parent.importance,
            learner=parent.learner,
            dataset=parent.dataset,
            proof=made.proof,
        )
        bench.runs.finish(run.id, metrics=metrics, model=version.key)
    except BaseException as error:
        bench.runs.fail(run.id, str(error), killed=not isinstance(error, Exception))
        raise
    return judged(bench, parent, version, tested)


def judged(
    bench: Bench, parent: ModelVersion, version: ModelVersion, tested: "pa.Table"
) -> ModelVersion:
    """Return a derived version with the verdict of its gate.

    Raises:
        GateError: If it did not pass.
    """
    verdict = judge_version(bench, version, tested, champion=parent.version)
    kept = bench.registry.record_gate(version.model, version.version, verdict)
    if not verdict.passed:
        failed = [check.detail or check.name for check in verdict.checks if not check.passed]
        raise GateError(
            f"version {version.version}, derived from version {parent.version}, did not pass its gate",
            why="; ".join(failed),
            now=f"version {parent.version} goes on answering; retrain, or change `gate:`",
        )
    return kept


def profile_with(bench: Bench, parent: ModelVersion, answers: "Scored") -> Profile:
    """Return the parent's statistics of inputs, with those of what the derived version says."""
    import pyarrow as pa

    from keepwell.data.profiles import profile_table
    from keepwell.tracking.metrics import Scores
    from keepwell.training.evaluation import shown_predictions
    from keepwell.training.profiling import PREDICTION

    profile, signature = bench.registry.profile(parent), parent.signature
    if signature.input(PREDICTION) is not None:
        return profile
    kind = ColumnType.NUMBER if signature.task.numeric else ColumnType.CATEGORY
    scores = Scores(predictions=answers.predictions, probabilities=answers.probabilities)
    said = pa.table({PREDICTION: pa.array(shown_predictions(scores, signature.task))})
    own = profile_table(said, [Column(name=PREDICTION, type=kind, nullable=False)])
    inputs = tuple(column for column in profile.columns if column.name != PREDICTION)
    return Profile(rows=profile.rows, columns=inputs + own.columns)


def _origin(bench: Bench, parent: ModelVersion) -> dict[str, str]:
    """Return the tags of the parent's run that say which rows it has learnt from."""
    with suppress(KeepwellError):
        tags = bench.runs.get(parent.run).tags
        return {name: tags[name] for name in ("with", "window") if name in tags}
    return {}


def _keep_recipe(bench: Bench, run: str, parent: ModelVersion, told: str) -> None:
    """Keep what the parent was made by, and that this is not what one fit makes."""
    with suppress(KeepwellError):
        theirs = {item.name for item in bench.runs.get(parent.run).artifacts}
        if RECIPE not in theirs:
            return
        for name in (ROWS, WEIGHTS, TEST_ROWS):
            if name in theirs:
                bench.runs.attach(run, name, bench.runs.read(parent.run, name))
        recipe: Any = from_json(Recipe, bench.runs.read(parent.run, RECIPE))
        reason = f"it was derived from {parent.key}: {told}"
        bench.runs.attach(run, RECIPE, to_json(replace(recipe, script=False, reason=reason)), _JSON)
