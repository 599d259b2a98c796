"""Registered models and their versions."""

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import ModelList, ModelSummary, VersionList
from keepwell.api.door import Served, document
from keepwell.core.records import ModelVersion

router = APIRouter(prefix="/api/v1/models", tags=["models"])


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
