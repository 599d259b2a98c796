"""What a playbook is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from keepwell.core.records import Effect, Intervention


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a playbook would do, found out without doing anything.

    Attributes:
        steps: What is done, in sentences.
        predicted: The effect that is expected of it.
        temporary: It is to be undone once its reason is gone.
    """

    steps: tuple[str, ...]
    predicted: Effect = field(default_factory=Effect)
    temporary: bool = False


class Playbook(Protocol):
    """One way to help an endpoint.

    Laws:

    - *A plan does nothing.* `plan` reads; a dry run is a plan.
    - *Idempotent.* `act` and `undo` of the same intervention may come again after a crash, and change
      nothing the second time.
    - *All or nothing.* If `act` raises, the endpoint answers as it did before.
    - *Undone is as before.* After `undo` the endpoint is as it was before `act`, unless somebody else
      changed it meanwhile: what they did is left alone.
    """

    name: ClassVar[str]
    """The word that `do:` takes."""

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain about options that it does not know, or cannot use.

        Raises:
            UsageError: What is wrong with them.
        """
        ...

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return what would be done now.

        Raises:
            KeepwellError: If it cannot be done here: says why and what would be needed.
        """
        ...

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Do it; return what `undo` needs to know (`Intervention.before`), JSON-ready."""
        ...

    def undo(self, intervention: Intervention) -> None:
        """Take it back."""
        ...
