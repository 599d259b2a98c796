"""Which model version is meant, and where its files and rows come from."""

from typing import TYPE_CHECKING, Any

from keepwell.core.errors import IntegrityError, NotFoundError

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion
    from keepwell.deployment.targets import Exportable
    from keepwell.workspace import Workspace


def named(word: str, workspace: "Workspace") -> "ModelVersion":
    """Return the version that `MODEL@VERSION`, `MODEL`, a number or an alias names.

    Where no version is said it is the champion, or the newest where there is no champion.

    Raises:
        NotFoundError: If there is no such model, version or alias.
    """
    registry, own = workspace.registry, workspace.spec.name
    model, separator, version = word.partition("@")
    if word and not separator and word not in registry.models():
        is_version = word.isdecimal() or registry.resolve(own, word) is not None
        model, version = (own, word) if is_version else (word, "")
    model = model or own
    if not version and registry.resolve(model, "champion") is not None:
        version = "champion"
    return registry.get(model, version or None)


def exportable(version: "ModelVersion", workspace: "Workspace") -> "Exportable":
    """Return a version with its files and the rows that it was trained on at hand."""
    from keepwell.deployment.targets import Exportable
    from keepwell.tracking.bundles import unpack

    own = version.model == workspace.spec.name
    return Exportable(
        version=version,
        endpoint=workspace.spec.endpoint if own else version.model,
        read=lambda name: unpack(workspace.blobs, version.bundle, name),
        rows=lambda most: _rows(version, workspace, most),
    )


def _rows(version: "ModelVersion", workspace: "Workspace", most: int) -> Any:
    name, _, number = version.dataset.rpartition("/")
    if not name or not number.isdecimal():
        return None
    try:
        dataset = workspace.datasets.get(name, int(number))
        there = {column.name for column in dataset.columns}
        signature = version.signature
        wanted = [item.name for item in signature.inputs]
        wanted += [signature.target] if signature.target in there else []
        table = workspace.datasets.read(dataset, wanted)
    except (NotFoundError, IntegrityError):
        return None
    if table.num_rows <= most:
        return table
    step = table.num_rows / most
    return table.take([int(at * step) for at in range(most)])
