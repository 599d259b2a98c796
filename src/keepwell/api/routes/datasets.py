"""Datasets, their versions and profiles."""

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import DatasetList, DatasetVersionList, ProfileDocument
from keepwell.api.door import Served, document
from keepwell.core.records import DatasetVersion

router = APIRouter(prefix="/api/v1/datasets", tags=["datasets"])


@router.get("", response_model=DatasetList)
def list_datasets(workspace: Served) -> Response:
    """List the newest version of every dataset."""
    found = [workspace.datasets.get(name) for name in workspace.datasets.names()]
    return document(DatasetList(datasets=found))


@router.get("/{dataset}", response_model=DatasetVersionList)
def read_dataset(workspace: Served, dataset: str) -> Response:
    """List every version of one dataset, newest first."""
    workspace.datasets.get(dataset)
    found = sorted(workspace.datasets.versions(dataset), key=lambda item: -item.version)
    return document(DatasetVersionList(name=dataset, versions=found))


@router.get("/{dataset}/versions/{version}", response_model=DatasetVersion)
def read_version(workspace: Served, dataset: str, version: int) -> Response:
    """Read one version: rows, columns with their types and why, digest, source."""
    return document(workspace.datasets.get(dataset, version))


@router.get("/{dataset}/versions/{version}/profile", response_model=ProfileDocument)
def read_profile(workspace: Served, dataset: str, version: int) -> Response:
    """Read the statistics of one version, column by column."""
    found = workspace.datasets.get(dataset, version)
    profile = workspace.datasets.profile(found)
    return document(
        ProfileDocument(
            dataset=dataset, version=found.version, rows=profile.rows, columns=profile.columns
        )
    )
