"""Somebody is asked: what was seen, and what could be done about it."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from keepwell.core.errors import KeepwellError, UsageError
from keepwell.core.records import Effect, Intervention
from keepwell.core.spec.looping import PLAYBOOKS
from keepwell.operations.playbooks.base import Plan, Playbook, Prepared
from keepwell.operations.playbooks.means import Means
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.people.messages import (
    channels_for,
    effect_words,
    post,
    withdraw,
)

_OTHERS = tuple(name for name in PLAYBOOKS if name not in ("ask", "open_issue"))


class Ask(Prepared):
    """Tells people what was seen, and what a playbook would do about it.

    Args:
        means: What playbooks work with.
        others: Gives another playbook, by its name.
    """

    name: ClassVar[str] = "ask"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="to", kind="texts", means="channels of `alerts:`; whoever is told of a warning"
        ),
        Option(name="text", kind="text", means="what is asked, in your words"),
        Option(
            name="propose", kind="text", means="a playbook, whose plan is told", choices=_OTHERS
        ),
    )
    undoes: ClassVar[str] = "sends what was not taken yet no more"

    def __init__(self, means: Means, others: Callable[[str], Playbook]) -> None:
        super().__init__(means)
        self._others = others

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain about a channel that there is not."""
        channels_for(self.means, "", self.read(options)["to"])

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return who would be asked."""
        given = self.read(options)
        self.means.bench.endpoints.read(endpoint)
        to = channels_for(self.means, endpoint, given["to"])
        steps = (f"{', '.join(to)}: somebody is asked", *self._proposal(endpoint, given["propose"]))
        effect = Effect(reason="nothing changes until somebody does something")
        return Plan(steps=steps, predicted=effect, options=dict(options))

    def _proposal(self, endpoint: str, playbook: str | None) -> tuple[str, ...]:
        """Return what a playbook would do, or why it cannot, and how to have it done."""
        if not playbook:
            return ()
        try:
            plan = self._others(playbook).plan(endpoint, {})
        except UsageError as error:
            return (f"`{playbook}` has to be told more: {error.what}",)
        except KeepwellError as error:
            return (f"`{playbook}` is no way out now: {error.what} ({error.why})",)
        return (
            f"proposed: {PLAYBOOKS[playbook]} (`{playbook}`)",
            *plan.steps,
            *filter(None, (effect_words(plan.predicted),)),
            f"have it done: keepwell loop run {playbook} --endpoint {endpoint}",
        )

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Keep the question for the courier; asked twice, it is kept once."""
        given = self.read(intervention.options)
        endpoint = intervention.endpoint
        title = f"[asks] {endpoint}: {given['text'] or intervention.reason}"
        lines = (
            intervention.reason,
            *(f"- {line}" for line in self._proposal(endpoint, given["propose"])),
            f"How things stand: keepwell loop status {endpoint}",
        )
        channels = channels_for(self.means, endpoint, given["to"])
        return {"messages": post(self.means, intervention, channels, title, lines)}

    def undo(self, intervention: Intervention) -> None:
        """Send what was not taken yet no more."""
        withdraw(self.means, intervention)
