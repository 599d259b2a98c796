"""A challenger trained on data up to now."""

from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.records import ModelVersion
from keepwell.operations.playbooks.training.challenging import Learning


class Retrain(Learning):
    """Trains on the rows that the loop's windows name; the best on the newest is the candidate."""

    name: ClassVar[str] = "retrain"
    mode: ClassVar[str] = "train"

    def words(self, champion: ModelVersion, given: Mapping[str, Any], rows: int) -> str:
        """Return what is trained."""
        if champion.signature.task.from_source:
            return f"a challenger of version {champion.version} is trained on what the source holds now"
        return f"a challenger of version {champion.version} is trained on data up to now: {rows:,} outcomes"
