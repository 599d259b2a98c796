"""Tables that describe users and items: data sets of their own, `NAME.users` and `NAME.items`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keepwell.core.errors import NotFoundError

if TYPE_CHECKING:
    from keepwell.core.progress import Progress
    from keepwell.core.records import DatasetVersion
    from keepwell.core.spec import DataSpec, ProjectSpec
    from keepwell.operations.build.bench import Bench
    from keepwell.training.tasks.ranking.describing import Side

ROLES = ("users", "items")


def fingerprints(spec: ProjectSpec) -> dict[str, Any]:
    """Return what tells whether such a table has changed."""
    from keepwell.data.fingerprint import fingerprint

    declared = {role: getattr(spec.data, role) for role in ROLES}
    return {role: fingerprint(source, spec.root) for role, source in declared.items() if source}


def ingest_sides(bench: Bench, progress: Progress) -> None:
    """Keep what those tables hold now."""
    spec = bench.spec
    for role in ROLES:
        if source := getattr(spec.data, role):
            bench.datasets.ingest(
                _name(bench, role),
                source,
                root=spec.root,
                types=spec.data.types,
                progress=progress,
            )


def digests(bench: Bench) -> dict[str, str]:
    """Return the digest of each table that is declared; empty while there is none yet."""
    found = {}
    for role in ROLES:
        if getattr(bench.spec.data, role):
            version = _newest(bench, role)
            found[role] = version.digest if version else ""
    return found


def sides(bench: Bench, data: DataSpec) -> dict[str, Side | None]:
    """Return the tables that a training is handed, by `users` and `items`; None where none is declared."""
    from keepwell.training.tasks.ranking.describing import Side

    found: dict[str, Side | None] = {}
    for role in ROLES:
        version = _newest(bench, role) if getattr(data, role) else None
        found[role] = (
            None
            if version is None
            else Side(table=bench.datasets.read(version), columns=version.columns)
        )
    return found


def _newest(bench: Bench, role: str) -> DatasetVersion | None:
    try:
        return bench.datasets.get(_name(bench, role))
    except NotFoundError:
        return None


def _name(bench: Bench, role: str) -> str:
    return f"{bench.spec.dataset}.{role}"
