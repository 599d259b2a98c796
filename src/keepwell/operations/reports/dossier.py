"""All that is known about a version, gathered once for whoever tells it."""

import json
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.errors import KeepwellError
from keepwell.core.records import (
    DatasetVersion,
    Evaluation,
    FairnessView,
    ModelVersion,
    Overview,
    Profile,
    Run,
)
from keepwell.core.spec import CardSpec
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.recipe import EVALUATION, SCRIPT, evaluation_of
from keepwell.operations.insight.fairness import fairness_of
from keepwell.operations.insight.overall import overview_of
from keepwell.operations.lighter import Lighter, lighter_of

PLOTS = "plots/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What the record holds about a version; what it does not hold is empty.

    Attributes:
        version: The version.
        run: The run that made it.
        dataset: What it was trained on.
        evaluation: How it was judged.
        leaderboard: The candidates, the chosen one first.
        findings: What was seen in the data.
        plots: Plotly figures by name.
        program: Code that makes it again.
        environment: Packages, Python, system and hardware.
        profile: Statistics of the rows it has learnt from.
        steps: What happens to the columns before the model: name, what, columns.
        card: What people said about it.
        aliases: Names that point at it.
        overview: What it goes by on the whole.
        fairness: How it treats groups, by column.
        lighter: Against the version that it was made from, if it is a lighter variant.
    """

    version: ModelVersion
    run: Run
    dataset: DatasetVersion | None = None
    evaluation: Evaluation | None = None
    leaderboard: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    plots: dict[str, dict[str, Any]] = field(default_factory=dict)
    program: str = ""
    environment: dict[str, Any] = field(default_factory=dict)
    profile: Profile | None = None
    steps: list[tuple[str, str, str]] = field(default_factory=list)
    card: CardSpec = field(default_factory=CardSpec)
    aliases: tuple[str, ...] = ()
    overview: Overview | None = None
    fairness: list[FairnessView] = field(default_factory=list)
    lighter: Lighter | None = None


def open_dossier(bench: Bench, version: ModelVersion) -> Dossier:
    """Gather what is known; a part that cannot be read is left out."""
    run = bench.runs.get(version.run)
    names = [item.name for item in run.artifacts]

    def read(name: str) -> Any:
        try:
            return json.loads(bench.runs.read(run.id, name)) if name in names else None
        except (KeepwellError, ValueError):
            return None

    plots = {
        name.removeprefix(PLOTS).removesuffix(".json"): figure
        for name in names
        if name.startswith(PLOTS) and (figure := read(name)) is not None
    }
    aliases = bench.registry.aliases(version.model)
    return Dossier(
        version=version,
        run=run,
        dataset=_dataset(bench, version.dataset),
        evaluation=evaluation_of(bench.runs, run.id) if EVALUATION in names else None,
        leaderboard=read("leaderboard.json") or [],
        findings=read("findings.json") or [],
        plots=plots,
        program=bench.runs.read(run.id, SCRIPT).decode() if SCRIPT in names else "",
        environment=_environment(bench, run),
        profile=_profile(bench, version),
        steps=_steps(bench, version),
        card=bench.spec.card,
        aliases=tuple(name for name, at in aliases.items() if at == version.version),
        overview=overview_of(bench, version),
        fairness=fairness_of(bench, version),
        lighter=lighter_of(bench, version),
    )


def _dataset(bench: Bench, key: str) -> DatasetVersion | None:
    name, _, number = key.rpartition("/")
    try:
        return bench.datasets.get(name, int(number)) if name else None
    except (KeepwellError, ValueError):
        return None


def _environment(bench: Bench, run: Run) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(bench.runs.environment(run.id))
    except (KeepwellError, ValueError):
        return {}
    return found


def _profile(bench: Bench, version: ModelVersion) -> Profile | None:
    try:
        return bench.registry.profile(version)
    except KeepwellError:
        return None


def _steps(bench: Bench, version: ModelVersion) -> list[tuple[str, str, str]]:
    """Return the steps of the stored pipeline in words; none where it is not one of ours."""
    from keepwell.deployment.scoring.original import load_pipeline
    from keepwell.tracking.bundles import unpack

    try:
        pipeline = load_pipeline(unpack(bench.blobs, version.bundle, "pipeline.skops"))
        prepared, model = pipeline.steps[0][1], pipeline.steps[-1][1]
        blocks = getattr(prepared, "transformers_", [])
    except Exception:  # noqa: BLE001 - whatever a stranger's pipeline lacks: the report goes without
        return []
    told = [
        (str(name), _chain(step), ", ".join([columns] if isinstance(columns, str) else columns))
        for name, step, columns in blocks
        if name != "remainder"
    ]
    return [*told, ("model", type(model).__name__, "everything above")]


def _chain(step: Any) -> str:
    if isinstance(step, str):
        return "as they are" if step == "passthrough" else step
    inner = getattr(step, "steps", None)
    if inner is not None:
        return " → ".join(_chain(item) for _, item in inner)
    if type(step).__name__ == "FunctionTransformer" and step.func is None:
        return "as they are"
    return type(step).__name__
