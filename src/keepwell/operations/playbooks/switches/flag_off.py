"""Cohort rules of an endpoint, switched off: the shares decide again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.records import CohortRule, Effect, Endpoint, Intervention
from keepwell.deployment.flags.parsing import parse
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.changing import change, restore
from keepwell.operations.playbooks.options import Option


class FlagOff(Prepared):
    """Takes cohort rules away."""

    name: ClassVar[str] = "flag_off"
    options: ClassVar[tuple[Option, ...]] = (
        Option(name="rule", kind="text", means="the condition of the rule; every rule"),
        Option(
            name="version", kind="whole", means="every rule that leads to this version", least=1
        ),
    )
    undoes: ClassVar[str] = "puts the rules back, in their order"

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain about a condition that cannot be read."""
        given = self.read(options)
        if given["rule"] and given["version"]:
            raise UsageError(
                "the playbook 'flag_off' takes a rule or a version, not both",
                why="each names rules in its own way",
                now="leave one of them out",
            )
        if given["rule"]:
            parse(given["rule"])

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return which rules would be switched off."""
        self.means.served(endpoint)
        record = self.means.bench.endpoints.read(endpoint)
        off = self._off(record, options)
        steps = tuple(
            f"rows where {rule.when} are no longer answered by version {rule.version}"
            for rule in off
        )
        return Plan(
            steps=(*steps, "once the reason is gone, the rules hold again"),
            predicted=Effect(reason="they are answered like all other rows"),
            temporary=True,
            options=dict(options),
        )

    def _off(self, record: Endpoint, options: Mapping[str, Any]) -> tuple[CohortRule, ...]:
        self.check(options)
        given = self.read(options)
        when = str(parse(given["rule"])) if given["rule"] else ""
        off = tuple(
            rule
            for rule in record.flags.rules
            if when in ("", rule.when) and given["version"] in (None, rule.version)
        )
        if off:
            return off
        known = "; ".join(f"{rule.when} -> v{rule.version}" for rule in record.flags.rules)
        raise NotFoundError(
            f"'{record.name}' has no such rule that could be switched off",
            why=f"its rules: {known or 'none'}",
            now="keepwell flags shows them",
        )

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Take the rules away."""

        def wish(now: Endpoint) -> Endpoint:
            off = self._off(now, intervention.options)
            rules = tuple(rule for rule in now.flags.rules if rule not in off)
            return replace(now, flags=replace(now.flags, rules=rules))

        done = change(self.means, intervention, wish, "rules removed")
        return {"rules": [f"{one.when} -> v{one.version}" for one in done.before.flags.rules]}

    def undo(self, intervention: Intervention) -> None:
        """Put the rules back, unless somebody switched something meanwhile."""
        restore(self.means, intervention, "rules set")
