"""Consent to a version's own code, given by a person."""

from typing import Any

from keepwell.core.errors import UsageError
from keepwell.infrastructure.consent import grant
from keepwell.operations.build.bench import Bench


def trust_version(bench: Bench, model: str, version: int | str) -> dict[str, Any]:
    """Let this workspace load a version that is code of its maker's; return what was trusted.

    Raises:
        UsageError: If the version holds no such code.
    """
    from keepwell.deployment.scoring.foreign import CODE_FILE
    from keepwell.tracking.bundles import unpack

    found = bench.registry.get(model, version)
    names = [file.name for file in found.bundle.files]
    if CODE_FILE not in names:
        raise UsageError(
            f"{found.key} needs no trust",
            why="it is stored as plain data; loading it runs no code of its maker's",
            now="keepwell up",
        )
    digest = grant(
        bench.home, unpack(bench.blobs, found.bundle, CODE_FILE), f"{found.key}: trusted by hand"
    )
    return {
        "model": found.key,
        "digest": digest,
        "code": [n for n in names if n.startswith("code/")],
    }
