"""Registered models, their versions, and one version with all its evidence."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import NotFoundError
from keepwell.core.records import Estimate, ModelVersion

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN_INPUTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A version in a list."""

    version: ModelVersion
    aliases: tuple[str, ...]
    result: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """How much an input matters: `share` of all, `level` of the largest."""

    name: str
    share: float
    level: float


def models(workspace: "Workspace") -> dict[str, Any]:
    """Return the context of `models.html`: each model with its newest versions."""
    registry = workspace.registry
    return {"models": [(name, _rows(workspace, name)) for name in registry.models()]}


def model(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return the context of `model.html`."""
    rows = _rows(workspace, name)
    if not rows:
        workspace.registry.get(name)  # raises what there is to say
    return {"name": name, "rows": rows, "moves": workspace.registry.history(name)}


def version(workspace: "Workspace", name: str, number: str) -> dict[str, Any]:
    """Return the context of `version.html`."""
    if not number.isdecimal():
        raise NotFoundError(f"'{name}' has no version '{number}'", now=f"see /models/{name}")
    from keepwell.operations.build.recipe import evaluation_of
    from keepwell.operations.insight.fairness import fairness_of
    from keepwell.operations.insight.overall import overview_of
    from keepwell.operations.lighter import lighter_of, lighter_variants
    from keepwell.operations.lighter import told as told_variant
    from keepwell.operations.reports.insight import shown as told
    from keepwell.tracking.metrics import headlines

    registry = workspace.registry
    found = registry.get(name, int(number))
    moves = [move for move in workspace.registry.history(name) if move.version == found.version]
    ranked = sorted(found.importance.items(), key=lambda item: -item[1])
    largest = max((share for _, share in ranked), default=0.0) or 1.0
    first = [name for name in headlines(found.signature.task) if name in found.metrics]
    shown = list(dict.fromkeys((found.metric, *first))) if first else list(found.metrics)
    evidence = lighter_of(workspace.bench, found)
    variants = lighter_variants(workspace.bench, found, gated=False)
    return {
        "lighter": None if evidence is None else (evidence, told_variant(evidence, found.key)),
        "variants": [
            (one.version.version, told_variant(one.evidence, one.version.key)) for one in variants
        ],
        "version": found,
        "evaluation": evaluation_of(workspace.runs, found.run),
        "overview": overview_of(workspace.bench, found),
        "treated": [told(view) for view in fairness_of(workspace.bench, found)],
        "headlines": [(item, found.metrics[item]) for item in shown if item in found.metrics],
        "others": [(item, value) for item, value in found.metrics.items() if item not in shown],
        "rivals": [
            item.version for item in registry.versions(name) if item.version != found.version
        ],
        "aliases": _aliases(workspace, name, found.version),
        "influences": [
            Influence(name=name, share=share, level=share / largest)
            for name, share in ranked[:SHOWN_INPUTS]
        ],
        "more_influences": max(0, len(ranked) - SHOWN_INPUTS),
        "moves": moves,
        "endpoints": [
            (endpoint, route)
            for endpoint in workspace.endpoints.find()
            for route in endpoint.routes
            if endpoint.model == name and route.version == found.version
        ],
        "size": sum(item.size for item in found.bundle.files),
    }


def comparison(workspace: "Workspace", name: str, first: str, second: str) -> dict[str, Any]:
    """Return the context of `versions.html`: the second version against the first."""
    from keepwell.operations.comparison import compare_versions

    one, other = (workspace.registry.get(name, word or None) for word in (first, second))
    return {
        "name": name,
        "first": one,
        "second": other,
        "comparison": compare_versions(workspace.bench, one, other),
    }


def report(workspace: "Workspace", name: str, number: str) -> str:
    """Return the report on a version as one HTML file."""
    from keepwell.operations.reports import open_dossier, render_report

    found = workspace.registry.get(name, number)
    return render_report(open_dossier(workspace.bench, found), now=workspace.clock.now())


def _rows(workspace: "Workspace", name: str) -> list[Row]:
    aliases = workspace.registry.aliases(name)
    return [
        Row(
            version=item,
            aliases=tuple(alias for alias, at in aliases.items() if at == item.version),
            result=item.metrics.get(item.metric),
        )
        for item in workspace.registry.versions(name)
    ]


def _aliases(workspace: "Workspace", name: str, number: int) -> list[str]:
    return [alias for alias, at in workspace.registry.aliases(name).items() if at == number]
