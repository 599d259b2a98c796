"""A challenger whose settings are searched again, near what was best."""

from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.records import ModelVersion
from keepwell.operations.build.earlier import winners
from keepwell.operations.build.retraining.tuning import TRIALS
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.training.challenging import Learning


class Retune(Learning):
    """Searches within a number of trials, beginning with the settings that won before."""

    name: ClassVar[str] = "retune"
    mode: ClassVar[str] = "tune"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="trials",
            kind="whole",
            means="settings that are tried at most",
            default=TRIALS,
            least=1,
            most=1000,
        ),
    )

    def words(self, champion: ModelVersion, given: Mapping[str, Any], rows: int) -> str:
        """Return what is searched."""
        known = len(winners(self.means.bench))
        begin = (
            f"beginning with the {known} best of earlier runs"
            if known
            else "from the start, for no earlier run left a best one"
        )
        return (
            f"at most {given['trials']} settings are tried for a challenger of version "
            f"{champion.version}, {begin}, on data up to now"
        )
