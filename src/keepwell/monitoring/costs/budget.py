"""What may be spent in a month, and how much of it is."""

from dataclasses import dataclass
from datetime import UTC, datetime

from keepwell.core.errors import BudgetError
from keepwell.core.records import Signal
from keepwell.core.spec import BudgetSpec
from keepwell.monitoring.costs.prices import money

KIND = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """A month's budget.

    Attributes:
        limit: What may be spent.
        spent: What was, since the month began.
        since: When that was, Unix seconds.
        until: When the next begins.
        warn: Share from which on it is told.
        currency: What both are in.
    """

    limit: float
    spent: float
    since: float
    until: float
    warn: float
    currency: str

    @property
    def share(self) -> float:
        """How much of it is spent."""
        return self.spent / self.limit

    @property
    def spent_up(self) -> bool:
        """Nothing is left: no training and no batch job starts."""
        return self.spent >= self.limit

    @property
    def message(self) -> str:
        """How it stands, in words."""
        spent, limit = money(self.spent, self.currency), money(self.limit, self.currency)
        return f"{spent} of this month's {limit} are spent ({self.share:.0%})"

    def signal(self, now: float) -> Signal | None:
        """Return what is to be told; None while there is enough left."""
        if self.share < self.warn:
            return None
        return Signal(
            kind=KIND,
            endpoint="",
            version=0,
            column="monthly",
            value=self.share,
            limit=1.0 if self.spent_up else self.warn,
            severity=1.0 if self.spent_up else 0.5,
            message=self.message
            + ("; no training and no batch job starts" if self.spent_up else ""),
            since=self.since,
            until=now,
        )

    def must_allow(self, what: str) -> None:
        """Refuse to start something that costs, where nothing is left.

        Args:
            what: `training`, `the batch job 'nightly'`.

        Raises:
            BudgetError: If the budget is spent.
        """
        if self.spent_up:
            until = datetime.fromtimestamp(self.until, UTC).strftime("%Y-%m-%d")
            raise BudgetError(
                f"{what} does not start: the monthly budget is spent",
                why=f"costs.budget.monthly is {self.limit:g} {self.currency}, and "
                f"{money(self.spent, self.currency)} are spent since the month began; "
                "predictions go on",
                now=f"raise it in keepwell.yaml, wait for {until} (UTC), or see where it went: "
                "keepwell costs --by run",
                details={"budget": "monthly", "limit": self.limit, "spent": self.spent},
            )


def state_of(spec: BudgetSpec, spent: float, now: float, currency: str) -> BudgetState | None:
    """Return how the month's budget stands; None if there is none."""
    if spec.monthly is None:
        return None
    since, until = month_of(now)
    return BudgetState(
        limit=spec.monthly,
        spent=spent,
        since=since,
        until=until,
        warn=spec.warn,
        currency=currency,
    )


def month_of(now: float) -> tuple[float, float]:
    """Return start and end of the calendar month (UTC) that a time is in.

    >>> [datetime.fromtimestamp(end, UTC).isoformat() for end in month_of(1_798_000_000.0)]
    ['2026-12-01T00:00:00+00:00', '2027-01-01T00:00:00+00:00']
    """
    start = datetime.fromtimestamp(now, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    year, month = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)  # noqa: PLR2004
    return start.timestamp(), start.replace(year=year, month=month).timestamp()
