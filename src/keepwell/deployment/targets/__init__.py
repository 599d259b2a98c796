"""A model version in a form that runs elsewhere: an image, a cluster, another server, a function.

    exported = export("docker", exportable, Path("churn-image"))
    exported.files, exported.figures, exported.notes

Each form is a `Target`, found by entry point (`keepwell.targets`); `base` is its contract.
"""

from keepwell.deployment.targets.base import Exportable, Exported, ExportedFile, Option, Target
from keepwell.deployment.targets.exporting import export

__all__ = ["Exportable", "Exported", "ExportedFile", "Option", "Target", "export"]
