"""All playbooks, by the word that `do:` takes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.ports import MeasurementStore
from keepwell.core.spec.looping import LoopSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.operations.build.bench import Bench
from keepwell.operations.playbooks.base import Playbook
from keepwell.operations.playbooks.means import Means
from keepwell.operations.playbooks.models.move_threshold import MoveThreshold
from keepwell.operations.playbooks.models.recalibrate import Recalibrate
from keepwell.operations.playbooks.people.ask import Ask
from keepwell.operations.playbooks.people.open_issue import OpenIssue
from keepwell.operations.playbooks.switches.fall_back import FallBack
from keepwell.operations.playbooks.switches.flag_off import FlagOff
from keepwell.operations.playbooks.switches.quarantine import Quarantine
from keepwell.operations.playbooks.switches.scale import MoreWorkers
from keepwell.operations.playbooks.training.compress import Compress
from keepwell.operations.playbooks.training.retrain import Retrain
from keepwell.operations.playbooks.training.retune import Retune
from keepwell.operations.playbooks.versions.lighten import Lighten
from keepwell.operations.playbooks.versions.roll_back import RollBack

if TYPE_CHECKING:
    from keepwell.monitoring.prediction_log import PredictionLog

_KINDS = (
    Retrain,
    Retune,
    Compress,
    Recalibrate,
    MoveThreshold,
    RollBack,
    FallBack,
    FlagOff,
    MoreWorkers,
    Lighten,
    Quarantine,
    OpenIssue,
)


class Playbooks:
    """The playbooks of a workspace.

    Args:
        means: What they work with.
    """

    def __init__(self, means: Means) -> None:
        self.means = means
        made: dict[str, Playbook] = {kind.name: kind(means) for kind in _KINDS}
        made[Ask.name] = Ask(means, self.get)
        self._made: Mapping[str, Playbook] = made

    def get(self, name: str) -> Playbook:
        """Return a playbook by name.

        Raises:
            NotFoundError: If there is none of that name.
        """
        found = self._made.get(name)
        if found is None:
            raise NotFoundError(
                f"there is no playbook '{name}'",
                why=f"there are: {', '.join(self._made)}",
                now=did_you_mean(name, self._made) or "name one of them in `do:`",
            )
        return found

    def all(self) -> list[Playbook]:
        """Return every playbook."""
        return list(self._made.values())

    def check(self, loop: LoopSpec) -> None:
        """Complain about rules whose playbook cannot be used as they ask.

        Raises:
            UsageError: Names the rule, and what is wrong with it.
        """
        for rule in loop.rules:
            try:
                self.get(rule.do).check(rule.options)
            except (NotFoundError, UsageError) as error:
                raise UsageError(
                    f"the rule '{rule.name}' of `loop: rules:` cannot be followed: {error.what}",
                    why=error.why,
                    now=error.now,
                    details={"rule": rule.name, **error.details},
                ) from error


def open_playbooks(
    bench: Bench,
    predictions: "PredictionLog",
    measurements: MeasurementStore,
    collect: Callable[[], object],
    **more: Any,
) -> Playbooks:
    """Return the playbooks over a workspace's parts; `more` of `Means`, where somebody serves."""
    means = Means(
        bench=bench, predictions=predictions, measurements=measurements, collect=collect, **more
    )
    return Playbooks(means)
