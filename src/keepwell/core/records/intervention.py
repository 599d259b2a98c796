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
    or ends as `refused`, `expired`, `failed`, or by way of `undoing` as `undone`. A temporary one that was
    measured goes on as `watching` until its reason is gone.

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
        approved_by: Who agreed, or refused, or asked for its undoing.
        decided: When it was decided or proposed, Unix seconds.
        began: When it was carried out.
        ended: When it was over.
        before: What undoing needs to know, JSON-ready.
        outcome: How it ended, in a sentence.
        failures: Attempts in a row that failed.
        seen: Measured numbers at the looks before it began, by name, oldest first.
        gone: Since when its reason is gone without a break; None while it holds.
        settled: When its effect was measured; None until then.
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
    seen: dict[str, tuple[float, ...]] = field(default_factory=dict)
    gone: float | None = None
    settled: float | None = None

    @property
    def key(self) -> str:
        """Name of its reference: `churn/01J9ZK…`."""
        return f"{self.endpoint}/{self.id}"

    @property
    def over(self) -> bool:
        """Nothing more comes of it."""
        return self.status in ("kept", "refused", "expired", "undone", "failed")
