"""Did the loop heal? The numbers at the end of the demo, and the reasons if it did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keepwell.cli.demo.ledger import Accuracy, Ledger

ENOUGH = 0.05  # healed is this much above frozen, and no further than this under before, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Days on which something happened, None where it did not.

    `broken_until` is the day the new model took over, or the last day if none did.
    """

    start: int
    change: int
    found: float | None = None
    promoted: float | None = None
    closed: float | None = None
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the demo found out.

    Attributes:
        before: Accuracy before the change.
        broken: From the change until the new model had taken over.
        healed: Over the last days; its `frozen` is what the first version would have had there.
        reasons: Why it does not count as healed; empty if it does.
    """

    before: float | None
    broken: float | None
    healed: Accuracy | None
    reasons: tuple[str, ...]

    @property
    def is_healed(self) -> bool:
        """Whether the loop did what it is for."""
        return not self.reasons

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        return {
            "healed": self.is_healed,
            "accuracy": {
                "before": self.before,
                "broken": self.broken,
                "healed": self.healed.served if self.healed else None,
                "frozen": self.healed.frozen if self.healed else None,
            },
            "parcels_compared": self.healed.parcels if self.healed else 0,
            "reasons": list(self.reasons),
        }


def judge(ledger: Ledger, moments: Moments, *, last_days: int) -> Verdict:
    """Return the verdict over what the ledger knows."""
    before = ledger.over(moments.start, moments.change)
    taken_over = moments.end if moments.promoted is None else int(moments.promoted)
    broken = ledger.over(moments.change, max(moments.change + 1, taken_over))
    first = max(moments.end - last_days, taken_over + 1)
    healed = ledger.over(first, moments.end) or ledger.over(moments.end - last_days, moments.end)
    return Verdict(
        before=before.served if before else None,
        broken=broken.served if broken else None,
        healed=healed,
        reasons=tuple(_reasons(before, healed, moments)),
    )


def _reasons(before: Accuracy | None, healed: Accuracy | None, moments: Moments) -> Sequence[str]:
    reasons = []
    if moments.found is None:
        reasons.append("no incident was opened: the monitors did not find the change")
    elif moments.promoted is None:
        reasons.append("no new version was promoted")
    elif moments.closed is None:
        reasons.append("the incident was still open at the end")
    if before is None or healed is None:
        return [*reasons, "too few outcomes came back to compare"]
    if healed.served < healed.frozen + ENOUGH:
        reasons.append(
            f"the live model ({healed.served:.1%}) is not clearly better than the frozen one"
            f" ({healed.frozen:.1%})"
        )
    if healed.served < before.served - 2 * ENOUGH:
        reasons.append(
            f"accuracy is {healed.served:.1%} at the end and was {before.served:.1%} before"
        )
    return reasons
