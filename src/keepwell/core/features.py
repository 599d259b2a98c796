"""What a project declares about its features: `features:`, parsed once into frozen values."""

from dataclasses import dataclass, field

IMPUTE = ("median", "mean", "most_frequent")
SCALE = ("standard", "minmax", "robust", "none")
ENCODE = ("onehot", "ordinal", "target", "frequency")
STATISTICS = ("mean", "median", "std", "min", "max", "count")
AGGREGATES = ("count", "sum", "mean", "min", "max", "std", "last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How a column, or all columns of a kind, are prepared. None: as it is usual for the learner.

    Attributes:
        impute: What fills a gap: one of `IMPUTE`, or the value itself.
        clip: Shares of the training values, below and above which values are pulled in.
        log: Logarithms in place of numbers; the sign is kept.
        bins: So many intervals of about equal mass, in place of the number.
        scale: One of `SCALE`.
        encode: One of `ENCODE`: how a category becomes numbers.
        drop_low_variance: Columns that vary by no more than that are left out.
    """

    impute: str | float | None = None
    clip: tuple[float, float] | None = None
    log: bool = False
    bins: int | None = None
    scale: str | None = None
    encode: str | None = None
    drop_low_variance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A feature that is calculated from columns.

    Attributes:
        name: What it is called.
        kind: `formula`, `group`, `share`, `target` or `text`.
        columns: The columns that it is made of; of a group, categories first and the number last.
        detail: The formula; the statistic of a group.
        difference: Of a group: how far the number is from its group's statistic.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    detail: str = ""
    difference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A feature that sums up the earlier rows of the same key: from `over` before a row until just before it.

    Attributes:
        name: The column that it becomes.
        aggregate: One of `AGGREGATES`.
        of: The number that is summed up; empty for a count of rows.
        by: The column of the key.
        over: Seconds.
    """

    name: str
    aggregate: str
    by: str
    over: float
    of: str = ""

    @property
    def series(self) -> tuple[str, str]:
        """What it is calculated from: the column of the key, and that of the number."""
        return self.by, self.of

    @property
    def micros(self) -> int:
        """Its length in microseconds, the unit of all times that are compared."""
        return round(self.over * 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesSpec:
    """`features:` — how columns are prepared, and what is derived from them."""

    numbers: Steps = Steps()
    categories: Steps = Steps()
    columns: dict[str, Steps] = field(default_factory=dict)
    derive: tuple[Derived, ...] = ()
    windows: tuple[Window, ...] = ()


AS_USUAL = FeaturesSpec()
