"""`bundle`: a version as one file, for `keepwell import bundle` in another workspace."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from keepwell.deployment.archives import artifact_of, write_archive
from keepwell.deployment.targets.base import Exportable, Exported, Option, Value
from keepwell.deployment.targets.docker import image_of


class VersionBundle:
    """Writes the archive."""

    summary = "One file with the whole version, for another workspace: test, staging, production."
    options: tuple[Option, ...] = ()

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the archive."""
        data = write_archive(exportable.version, exportable.read)
        path = folder / f"{image_of(exportable).replace(':', '-')}.keepwell"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return Exported(
            figures={"artifact": artifact_of(exportable.version.bundle), "sha256": digest},
            notes=(
                "In the other project:",
                f"keepwell import bundle {path.name} --sha256 {digest}",
            ),
        )
