"""What a scenario is, and what came of playing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keepwell.testing.scenarios.stage import Stage

CHANGING = (
    "retrain", "start_rollout", "promote", "abort", "roll_back", "intervene", "undo",
)  # fmt: skip
"""What changes something. Of these a scenario's loop may do only what is expected of it."""

NEEDS = {
    "number": "the model takes no number that is always there",
    "second": "the model takes no second number",
    "optional": "the model takes no number that may be missing",
    "category": "the model takes no category",
    "slices": "no slices are watched (monitor.slices)",
    "season": "its rows have no time (data.time)",
    "latency": "no latency was promised (monitor.objectives)",
    "silence": "no rule says when traffic is missed (alerts.rules)",
    "classes": "it answers with numbers",
    "binary": "it does not answer with one of two classes",
    "outcomes": "it learns from no outcomes",
}
"""What a scenario may need of a project, each with what is to be said where that is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a scenario should bring about. `{number}` and so on are columns of the project.

    Attributes:
        signals: What must have been seen since the fault, as `kind` or `kind:column`.
        absent: Kinds that must not have been seen.
        cause: What the first-ranked cause of the incident must say; empty where none is claimed.
        actions: What must have been done, in this order, other things in between: verbs of decisions,
            `close:RESOLUTION`, `tell` (an alert), `incident` (one about no endpoint).
        also: What else of `CHANGING` may be done, and need not.
        once: Of these at most one each.
        silent: No incident may have been opened, and nobody told.
    """

    signals: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    cause: str = ""
    actions: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A fault with its story.

    Attributes:
        name: What it is called, in words joined by underscores.
        story: What happens, in a sentence.
        fault: Plays it on a stage.
        expected: What should come of it.
        needs: What of `NEEDS` a project must have for it.
        trains: Whether retrainings are real ones; else a challenger comes that is as good as the champion.
        known: Why it is known not to go as expected yet; empty if it should.
    """

    name: str
    story: str
    fault: Callable[[Stage], None]
    expected: Expected
    needs: tuple[str, ...] = ()
    trains: bool = False
    known: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a scenario.

    Attributes:
        scenario: Its name.
        diagnosed: Whether what was seen, and the first-ranked cause, are as expected.
        acted: Whether what was done is as expected.
        details: What was expected and what was found, JSON-ready; `wrong` says what is not as expected.
        seconds: How long it took.
        skipped: Why it could not be played with this project; empty if it was.
    """

    scenario: str
    diagnosed: bool = False
    acted: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return self.diagnosed and self.acted
