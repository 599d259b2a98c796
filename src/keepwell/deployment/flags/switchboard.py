"""Changes the switches of endpoints; every flip is an event, and workers follow at once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.records import CohortRule, Endpoint, Flags, ModelVersion
from keepwell.core.spec import FlagsSpec
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.flags.steps import read_fallback, read_rule

MOST_RULES = 100
Lookup = Callable[[str, int], ModelVersion]


class Switchboard:
    """The flags of all endpoints.

    Args:
        endpoints: Where they are kept.
        lookup: Gives a model's version: `Registry.get`; a rule may name only what there is.
    """

    def __init__(self, endpoints: Endpoints, lookup: Lookup) -> None:
        self._endpoints = endpoints
        self._lookup = lookup

    def read(self, endpoint: str, at: float | None = None) -> Flags:
        """Return an endpoint's flags, now or as of a time."""
        return self._endpoints.read(endpoint, at).flags

    def kill(self, endpoint: str, reason: str) -> Endpoint:
        """Stop asking the models: the fallback answers, or callers are told the reason."""
        flags = replace(self.read(endpoint), killed=True, reason=reason)
        return self._set(endpoint, flags, "killed", reason)

    def revive(self, endpoint: str, why: str = "") -> Endpoint:
        """Ask the models again."""
        flags = replace(self.read(endpoint), killed=False, reason="")
        return self._set(endpoint, flags, "revived", why)

    def route(self, endpoint: str, rules: Sequence[str], why: str = "") -> Endpoint:
        """Set the cohort rules, tried in this order; none takes them away.

        Raises:
            ConditionError: If a condition cannot be read, or names a column that the model lacks.
            NotFoundError: If a rule names a version that there is not.
            UsageError: If a rule has another form.
        """
        record = self._endpoints.read(endpoint)
        flags = replace(record.flags, rules=self._rules(record, rules))
        return self._set(endpoint, flags, "rules set" if rules else "rules removed", why)

    def fall_back(
        self, endpoint: str, chain: Sequence[str], why: str = "", *, limit_ms: float | None = None
    ) -> Endpoint:
        """Set who answers when the model fails, takes longer than `limit_ms`, or cannot be loaded.

        Raises:
            UsageError: If a step is none of `previous`, `v3`, a rule, a constant.
            NotFoundError: If it names a version that there is not.
        """
        record = self._endpoints.read(endpoint)
        if limit_ms is not None and limit_ms <= 0:
            raise UsageError(f"{limit_ms:g} ms is no time limit", now="write for example 50")
        flags = replace(record.flags, fallback=self._chain(record, chain), limit_ms=limit_ms)
        return self._set(endpoint, flags, "fallback set" if chain else "fallback removed", why)

    def declare(self, endpoint: str, spec: FlagsSpec) -> bool:
        """Follow what the project file says, where that has changed since it was last followed.

        What was switched by hand in between stays until the file changes again. Returns whether
        anything was set.
        """
        record = self._endpoints.get(endpoint)
        declared = repr((spec.rules, spec.fallback, spec.limit))
        if record is None or record.flags.declared == declared:
            return False
        if not record.flags.declared and spec == FlagsSpec():
            return False
        limit = None if spec.limit is None else spec.limit * 1000
        flags = replace(
            record.flags,
            rules=self._rules(record, spec.rules),
            fallback=self._chain(record, spec.fallback),
            limit_ms=limit,
            declared=declared,
        )
        self._set(endpoint, flags, "flags declared", "keepwell.yaml")
        return True

    def _rules(self, record: Endpoint, rules: Sequence[str]) -> tuple[CohortRule, ...]:
        if len(rules) > MOST_RULES:
            raise UsageError(
                f"{len(rules):,} rules are too many for '{record.name}'",
                why=f"each is tried for every row; {MOST_RULES} are allowed",
                now="join conditions with or",
            )
        columns = self._columns(record)
        read = tuple(read_rule(rule, columns) for rule in rules)
        for rule in read:
            self._lookup(record.model, rule.version)
        return read

    def _chain(self, record: Endpoint, chain: Sequence[str]) -> tuple[str, ...]:
        columns = self._columns(record)
        steps = [read_fallback(one, previous=record.previous, columns=columns) for one in chain]
        for step in steps:
            if step.version:
                self._lookup(record.model, step.version)
        return tuple(step.text for step in steps)

    def _set(self, endpoint: str, flags: Flags, verb: str, why: str) -> Endpoint:
        return self._endpoints.switch(endpoint, flags, verb, why)

    def _columns(self, record: Endpoint) -> Collection[str] | None:
        """Return what a condition may name: the models' inputs, and the key."""
        names = {record.key, "key"} - {""}
        for route in record.routes:
            try:
                signature = self._lookup(record.model, route.version).signature
            except NotFoundError:
                return None
            names |= {item.name for item in signature.inputs}
        return names if record.routes else None
