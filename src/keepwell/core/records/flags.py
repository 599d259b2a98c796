"""What may be switched at an endpoint without deploying anything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRule:
    """Rows that a condition holds for are answered by one version, whatever the shares are."""

    when: str  # "country == 'DE'"
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The switches of an endpoint.

    Attributes:
        killed: The models are not asked; the fallback answers, or the endpoint refuses.
        reason: Why it was killed; told to whoever asks.
        rules: Tried in order, the first that holds decides.
        fallback: Who answers when the model cannot, in order: `previous`, `v3`, a rule such as
            `tenure < 6 -> "Yes"`, or a constant in JSON.
        limit_ms: How long the model may take before the fallback answers; None for as long as it does.
        declared: What the project file said when it was last followed.
    """

    killed: bool = False
    reason: str = ""
    rules: tuple[CohortRule, ...] = ()
    fallback: tuple[str, ...] = ()
    limit_ms: float | None = None
    declared: str = ""

    @property
    def idle(self) -> bool:
        """Whether nothing is switched."""
        return not (self.killed or self.rules or self.fallback or self.limit_ms)
