"""An endpoint's flags in the words of OpenFeature: a key, a context, a value with its variant and reason.

Of an endpoint `churn` there are three flags:

- `churn`: the version that answers, a whole number; the variant is `v7`.
- `churn.role`: the role of that version: `champion`, `challenger`, `rule`; a text.
- `churn.enabled`: whether the models are asked at all; a boolean.

The context's targeting key is the endpoint's key; its other attributes are columns of a row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Endpoint, Route
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.flags.parsing import parse
from keepwell.deployment.routing import Split

SUFFIXES = ("", ".role", ".enabled")


class EvaluationError(KeepwellError):
    """A flag cannot be evaluated; `code` is OpenFeature's word for it."""

    headline = "The flag cannot be evaluated"
    http_status = 400

    def __init__(self, code: str, what: str, *, now: str = "") -> None:
        super().__init__(what, now=now)
        self.code = code
        self.http_status = 404 if code == "FLAG_NOT_FOUND" else 400  # type: ignore[misc]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a flag is for a context.

    Attributes:
        key: The flag.
        value: Its value.
        variant: Name of the value.
        reason: `STATIC`, `SPLIT`, `TARGETING_MATCH` or `DISABLED`.
        metadata: What else is known: endpoint, version, rollout.
    """

    key: str
    value: bool | int | str
    variant: str
    reason: str
    metadata: dict[str, Any] = field(default_factory=dict)


def flag_keys(endpoints: Iterable[Endpoint]) -> list[str]:
    """Return every flag that there is."""
    return [f"{endpoint.name}{suffix}" for endpoint in endpoints for suffix in SUFFIXES]


def evaluate(endpoints: Mapping[str, Endpoint], key: str, context: Mapping[str, Any]) -> Evaluation:
    """Return what a flag is for a context.

    Raises:
        EvaluationError: If there is no such flag, or the context lacks the targeting key that the
            traffic is divided by.
    """
    name, suffix = key, ""
    for ending in SUFFIXES[1:]:
        if key not in endpoints and key.endswith(ending):
            name, suffix = key.removesuffix(ending), ending
    endpoint = endpoints.get(name)
    if endpoint is None:
        hint = did_you_mean(key, flag_keys(endpoints.values()))
        raise EvaluationError("FLAG_NOT_FOUND", f"there is no flag '{key}'", now=hint)
    if suffix == ".enabled":
        killed = endpoint.flags.killed
        return Evaluation(
            key=key,
            value=not killed,
            variant="off" if killed else "on",
            reason="DISABLED" if killed else "STATIC",
            metadata={"endpoint": name, **({"why": endpoint.flags.reason} if killed else {})},
        )
    route, reason = _route(endpoint, context)
    return Evaluation(
        key=key,
        value=route.role if suffix else route.version,
        variant=route.role if suffix else f"v{route.version}",
        reason=reason,
        metadata={"endpoint": name, "version": route.version, "rollout": endpoint.rollout},
    )


def _route(endpoint: Endpoint, context: Mapping[str, Any]) -> tuple[Route, str]:
    """Return who answers a context, by the same rules and shares as the workers follow."""
    target = context.get("targetingKey")
    text = "" if target is None else str(target)
    row = {key: value for key, value in context.items() if key != "targetingKey"}
    if endpoint.key and text:
        row.setdefault(endpoint.key, target)
    row.setdefault("key", target)
    routes = [route for route in endpoint.routes if route.weight > 0]
    if endpoint.flags.killed:
        return Route(version=0, weight=0.0, role="fallback"), "DISABLED"
    for rule in endpoint.flags.rules:
        if parse(rule.when).holds(row):
            return Route(version=rule.version, weight=0.0, role="rule"), "TARGETING_MATCH"
    if not routes:
        raise EvaluationError("GENERAL", f"'{endpoint.name}' has no version that answers")
    split = Split(endpoint.name, routes)
    if split.whole is not None:
        return routes[split.whole], "STATIC"
    if not text:
        raise EvaluationError(
            "TARGETING_KEY_MISSING",
            f"the traffic of '{endpoint.name}' is divided, and the context has no targeting key",
            now="send the value of the endpoint's key column as targetingKey",
        )
    return routes[split.pick(text)], "SPLIT"
