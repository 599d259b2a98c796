"""What the loop does to an endpoint besides training: planned, agreed to, carried out, measured, undone."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How one measured number moved, or is expected to.

    Attributes:
        measure: Name of the series: `latency_p95_ms`, `error_rate`, `metric:roc_auc` …; empty where
            nothing measurable is promised.
        before: Its value before; None where it is not known.
        after: Its value after.
        reason: How that is known, in a sentence.
    """

    measure: str = ""
    before: float | None = None
    after: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """One use of a playbook.

    `status` walks `proposed` → `approved` → `acting` → `watching` → `kept`, leaving out what was not needed,
    or ends as `refused`, `expired`, `undone` or `failed`.

    Attributes:
        id: Made from what it is for, so that deciding the same thing twice asks for the same thing twice.
        endpoint: Where.
        playbook: One of `core.spec.looping.PLAYBOOKS`.
        options: The playbook's options, JSON-ready.
        reason: Why, in a sentence.
        rule: The rule that asked for it; empty if a person did.
        incident: The incident that it belongs to; empty if there is none.
        steps: What is done, in sentences: the plan.
        temporary: It is undone once its reason is gone.
        predicted: The effect that the plan expects.
        measured: The effect that was seen.
        approval: Role that must agree; empty: nobody.
        approved_by: Who agreed.
        before: What undoing needs to know, JSON-ready.
        outcome: How it ended, in a sentence.
        failures: Attempts in a row that failed.
    """

    id: str
    endpoint: str
    playbook: str
    reason: str
    options: dict[str, Any] = field(default_factory=dict)
    status: str = "proposed"
    rule: str = ""
    incident: str = ""
    steps: tuple[str, ...] = ()
    temporary: bool = False
    predicted: Effect = Effect()
    measured: Effect = Effect()
    approval: str = ""
    approved_by: str = ""
    decided: float = 0.0
    began: float | None = None
    ended: float | None = None
    before: dict[str, Any] = field(default_factory=dict)
    outcome: str = ""
    failures: int = 0

    @property
    def over(self) -> bool:
        """Nothing more comes of it."""
        return self.status in ("kept", "refused", "expired", "undone", "failed")
