"""Did the loop heal? The numbers at the end of the demo, and the reasons if it did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keepwell.cli.demo.ledger import Accuracy, Ledger

CLEARLY = 0.05  # healed is at least this much above frozen
NEARLY = 0.08  # and no further than this under what was before
RECENT_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Days on which something happened, None where it did not.

    Attributes:
        start: First day of live traffic.
        change: The world changed.
        found: An incident was opened.
        promoted: A new version took over; of several, the first.
        recovered: An incident was closed as healed, and accuracy was back.
        end: The last day.
    """

    start: int
    change: int
    found: float | None = None
    promoted: float | None = None
    recovered: float | None = None
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
    healed = ledger.over(moments.end - last_days, moments.end)
    return Verdict(
        before=before.served if before else None,
        broken=broken.served if broken else None,
        healed=healed,
        reasons=tuple(_reasons(before, healed, moments)),
    )


def is_back(ledger: Ledger, start: int, change: int, day: float) -> bool:
    """Tell whether accuracy over the newest days is nearly what it was before the change."""
    before = ledger.over(start, change)
    today = int(day)
    recent = ledger.over(today - 1 - RECENT_DAYS, today - 1)  # of today little is known yet
    return bool(before and recent and recent.served >= before.served - NEARLY)


def _reasons(before: Accuracy | None, healed: Accuracy | None, moments: Moments) -> Sequence[str]:
    reasons = []
    if moments.found is None:
        reasons.append("no incident was opened: the monitors did not find the change")
    elif moments.promoted is None:
        reasons.append("no new version was promoted")
    elif moments.recovered is None:
        reasons.append("no incident was closed as healed with accuracy back to what it was")
    if before is None or healed is None:
        return [*reasons, "too few outcomes came back to compare"]
    if healed.served < healed.frozen + CLEARLY:
        reasons.append(
            f"the live model ({healed.served:.1%}) is not clearly better than the frozen one"
            f" ({healed.frozen:.1%})"
        )
    if healed.served < before.served - NEARLY:
        reasons.append(
            f"accuracy is {healed.served:.1%} at the end and was {before.served:.1%} before"
        )
    return reasons
