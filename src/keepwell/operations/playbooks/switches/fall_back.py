"""The project's fallback answers, and no model is asked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.core.records import Effect, Endpoint, Flags, Intervention
from keepwell.deployment.flags.steps import read_fallback
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.changing import change, restore
from keepwell.operations.playbooks.options import Option

ERRORS = "error_rate"


class FallBack(Prepared):
    """Switches the models off, where somebody is there to answer in their place."""

    name: ClassVar[str] = "fall_back"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="to",
            kind="texts",
            means="who answers, as in `serve.flags.fallback`; what the endpoint's flags say",
        ),
    )
    undoes: ClassVar[str] = "asks the models again, and puts the flags back as they were"

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain about a step that cannot be read."""
        for step in self.read(options)["to"] or ():
            read_fallback(step)

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return who would answer."""
        record = self._record(endpoint)
        flags = self._wish(record, options, "")
        chain = ", then ".join(flags.fallback)
        steps = (
            f"no model is asked: {chain} answers",
            "once the reason is gone, the models are asked again",
        )
        effect = Effect(
            measure=ERRORS,
            before=self.means.latest(endpoint, ERRORS),
            reason=f"what the models fail at, {chain} answers; how well, nobody has measured",
        )
        return Plan(steps=steps, predicted=effect, temporary=True, options=dict(options))

    def _record(self, endpoint: str) -> Endpoint:
        record = self.means.bench.endpoints.read(endpoint)
        if record.external:
            self.means.served(endpoint)  # says why not
        if record.flags.killed:
            raise ConflictError(
                f"'{endpoint}' is switched off already",
                why=record.flags.reason or "no reason was given",
                now=f"keepwell flags revive {endpoint} switches it on again",
            )
        return record

    def _wish(self, record: Endpoint, options: Mapping[str, Any], reason: str) -> Flags:
        self.check(options)
        given = self.read(options)["to"]
        columns = _columns(self, record)
        chain = tuple(
            read_fallback(step, previous=record.previous, columns=columns).text
            for step in (given or record.flags.fallback)
        )
        versions = [read_fallback(step, previous=record.previous).version for step in chain]
        if not chain or (chain == ("previous",) and not record.previous):
            raise NotFoundError(
                f"nobody would answer in place of the models of '{record.name}'",
                why="it has no fallback"
                if not chain
                else "no version has served there before this one",
                now='say who answers: `serve: {flags: {fallback: [previous, "unknown"]}}` in keepwell.yaml',
            )
        for number in filter(None, versions):
            self.means.bench.registry.get(record.model, number)
        return replace(record.flags, killed=True, reason=reason, fallback=chain)

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Ask no model any more."""

        def wish(now: Endpoint) -> Endpoint:
            self._record(now.name)
            return replace(now, flags=self._wish(now, intervention.options, intervention.reason))

        done = change(self.means, intervention, wish, "killed")
        return {"killed": done.before.flags.killed, "fallback": list(done.before.flags.fallback)}

    def undo(self, intervention: Intervention) -> None:
        """Ask the models again, unless somebody switched something meanwhile."""
        restore(self.means, intervention, "revived")


def _columns(playbook: Prepared, record: Endpoint) -> set[str] | None:
    names = {record.key, "key"} - {""}
    for route in record.routes:
        signature = playbook.means.bench.registry.get(record.model, route.version).signature
        names |= {item.name for item in signature.inputs}
    return names if record.routes else None
