"""Registered models and their versions."""

from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keepwell.api.documents import ModelList, ModelSummary, VersionList
from keepwell.api.door import Served, document
from keepwell.core.errors import ConflictError
from keepwell.core.events import acting_as
from keepwell.core.records import ModelVersion
from keepwell.operations.lighter import (
    MAX_LOSS,
    Lighter,
    LighterVariant,
    Refusal,
    consider,
    lighten,
    lighter_of,
    lighter_variants,
    told,
)

router = APIRouter(prefix="/api/v1/models", tags=["models"])

_PATH = "/{model}/versions/{version}/lighter"


class LighterWish(BaseModel):
    """What a lighter variant may cost."""

    model_config = ConfigDict(extra="forbid")

    max_loss: float = Field(
        MAX_LOSS, ge=0, le=0.5, description="Share of the metric's value that may be lost."
    )
    dry_run: bool = Field(False, description="Measure what it would be, and register nothing.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LighterList:
    """The lighter variants of a version, the fastest first; and what it is itself a lighter one of."""

    version: str
    variants: list[LighterVariant]
    evidence: Lighter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LighterMade:
    """A lighter variant, beside the version that it was made from; `made` is null in a dry run."""

    parent: str
    made: ModelVersion | None
    evidence: Lighter
    row_gain: float
    batch_gain: float
    told: str


@router.get("", response_model=ModelList)
def list_models(workspace: Served) -> Response:
    """List registered models."""
    registry = workspace.registry
    found = [(name, registry.versions(name)) for name in registry.models()]
    return document(
        ModelList(
            models=[
                ModelSummary(
                    name=name,
                    versions=len(versions),
                    newest=versions[0].version,
                    aliases=registry.aliases(name),
                )
                for name, versions in found
            ]
        )
    )


@router.get("/{model}", response_model=VersionList)
def read_model(workspace: Served, model: str) -> Response:
    """Read every version of a model, newest first, and where its aliases point."""
    registry = workspace.registry
    versions = registry.versions(model) or [registry.get(model)]  # `get` says what there is instead
    return document(VersionList(name=model, aliases=registry.aliases(model), versions=versions))


@router.get("/{model}/versions/{version}", response_model=ModelVersion)
def read_version(workspace: Served, model: str, version: str) -> Response:
    """Read one version, by number or by alias, with its signature, metrics, gate and proof."""
    return document(workspace.registry.get(model, version))


@router.get(_PATH, response_model=LighterList)
def read_lighter(workspace: Served, model: str, version: str) -> Response:
    """Read the lighter variants of a version, with what each gains and costs; nothing is made."""
    bench = workspace.bench
    found = workspace.registry.get(model, version)
    return document(
        LighterList(
            version=found.key,
            variants=lighter_variants(bench, found, gated=False),
            evidence=lighter_of(bench, found),
        )
    )


@router.post(_PATH, response_model=LighterMade)
def make_lighter(workspace: Served, model: str, version: str, wish: LighterWish) -> Response:
    """Make a lighter variant of a version, registered and gated; or, dry, measure what it would be.

    Nothing is trained, and nobody is answered by it before it is promoted. It takes seconds to a minute.
    Where nothing lighter keeps the loss, the answer is 409, with the reason.
    """
    bench = workspace.bench
    parent = workspace.registry.get(model, version)
    with acting_as("api"):
        if wish.dry_run:
            looked = consider(bench, parent, max_loss=wish.max_loss)
            if isinstance(looked, Refusal):
                raise _refused(looked)
            return document(_made(parent, None, looked.evidence))
        made = lighten(bench, parent, max_loss=wish.max_loss)
    if isinstance(made, Refusal):
        raise _refused(made)
    evidence = lighter_of(bench, made)
    if evidence is None:
        raise ConflictError(
            f"what {made.key} gains is not on record",
            why="its run's evidence was removed",
            now=f"keepwell lighten {parent.version}",
        )
    return document(_made(parent, made, evidence))


def _made(parent: ModelVersion, made: ModelVersion | None, evidence: Lighter) -> LighterMade:
    return LighterMade(
        parent=parent.key,
        made=made,
        evidence=evidence,
        row_gain=evidence.row_gain,
        batch_gain=evidence.batch_gain,
        told=told(evidence, made.key if made is not None else "a lighter variant"),
    )


def _refused(refusal: Refusal) -> ConflictError:
    return ConflictError(
        f"no lighter variant of {refusal.version}", why=refusal.why, now=refusal.now
    )
