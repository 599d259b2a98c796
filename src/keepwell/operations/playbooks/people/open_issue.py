"""Another system is told, by a channel of the alerts: a webhook, or an issue tracker."""

from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.errors import UsageError
from keepwell.core.records import Effect, Intervention
from keepwell.operations.alerts.channels.trackers import TRACKERS
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.people.messages import channels_for, post, withdraw

KIND = "issue"


class OpenIssue(Prepared):
    """Opens an issue, once; the courier tries until it is taken, and keeps how that went."""

    name: ClassVar[str] = "open_issue"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="to",
            kind="texts",
            means="channels of `alerts:`; every one that is a tracker, else every webhook",
        ),
        Option(name="title", kind="text", means="the issue's title; the reason"),
    )
    undoes: ClassVar[str] = "sends what was not taken yet no more; an issue that is open stays open"

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain where there is nobody who takes issues."""
        self._to(options)

    def _to(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        given = self.read(options)["to"]
        if given:
            return channels_for(self.means, "", given)
        channels = self.means.bench.spec.alerts.channels
        trackers = tuple(one.name for one in channels if one.kind in TRACKERS)
        found = trackers or tuple(one.name for one in channels if one.kind == "webhook")
        if found:
            return found
        raise UsageError(
            "nobody takes issues",
            why="`alerts: channels:` names no issue tracker and no webhook",
            now="add for example `tracker: {github: https://api.github.com/repos/OWNER/REPO/issues, "
            "secret: $GITHUB_TOKEN}`",
        )

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return where an issue would be opened."""
        self.means.bench.endpoints.read(endpoint)
        steps = tuple(f"{name}: an issue is opened, once" for name in self._to(options))
        effect = Effect(reason="nothing changes until somebody does something")
        return Plan(steps=steps, predicted=effect, options=dict(options))

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Keep the issue for the courier; asked twice, it is kept once."""
        given = self.read(intervention.options)
        endpoint = intervention.endpoint
        title = given["title"] or f"{endpoint}: {intervention.reason}"
        record = self.means.bench.endpoints.read(endpoint)
        lines = (
            intervention.reason,
            f"Endpoint: {endpoint} (model {record.model}, version {record.champion or 'none'})",
            f"Rule: {intervention.rule}" if intervention.rule else "",
            f"Incident: {intervention.incident}; keepwell incidents show {intervention.incident}"
            if intervention.incident
            else "",
        )
        to = self._to(intervention.options)
        return {"messages": post(self.means, intervention, to, title, lines, KIND)}

    def undo(self, intervention: Intervention) -> None:
        """Send what was not taken yet no more."""
        withdraw(self.means, intervention, KIND)
