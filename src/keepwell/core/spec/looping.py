"""`loop:` — what may be done without asking, parsed once into frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PLAYBOOKS: Mapping[str, str] = {
    "retrain": "train a challenger on data up to now",
    "retune": "search again near what was best, within the budget",
    "compress": "make a lighter challenger of the champion",
    "recalibrate": "fit probabilities, or the level of numbers, to the newest outcomes",
    "move_threshold": "choose the threshold anew by the newest outcomes",
    "roll_back": "put the version that served before back",
    "fall_back": "answer by the project's fallback",
    "flag_off": "switch a flag off",
    "scale": "change how many workers there are",
    "lighten": "answer by a lighter variant while it lasts",
    "quarantine": "take a column that broke as missing while it lasts",
    "open_issue": "tell another system by a webhook",
    "ask": "ask somebody",
}
"""What a rule may do, by the word that `do:` takes."""

TRAINING = frozenset({"retrain", "retune", "compress"})
"""Those that make a challenger, which goes through gate and rollout like any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainSpec:
    """`loop.retrain:` — when a challenger is trained."""

    on: tuple[str, ...] = ("drift", "performance", "growth")
    schedule: str = ""  # five cron fields, UTC
    cooldown: float = 21600.0  # seconds between two retrainings
    min_labels: int = 200  # outcomes needed since the last training
    budget: float | None = None  # seconds; None: train.budget


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundsSpec:
    """`loop.limits:` — how much is done without asking, and when.

    Attributes:
        concurrency: Retrainings at a time, over all endpoints.
        budget: Seconds of training within `per`; None for no limit.
        per: Seconds.
        hours: When something may begin, UTC: `mon-fri 08:00-18:00`; empty: always.
        approval: Role that must agree before an endpoint changes; empty: nobody.
    """

    concurrency: int = 1
    budget: float | None = None
    per: float = 86400.0
    hours: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRuleSpec:
    """One entry of `loop.rules:`.

    Attributes:
        name: What it is called in the record.
        when: An expression of conditions: `drift & load.normal & ~recent_deploy`.
        do: A playbook, one of `PLAYBOOKS`.
        options: `with:` — the playbook's own options.
        cooldown: Seconds between two times that it acts.
        approval: Role that must agree; empty: as `loop.limits` says.
        looks: In a row that `when` must hold.
    """

    name: str
    when: str
    do: str
    options: Mapping[str, Any] = field(default_factory=dict)
    cooldown: float = 3600.0
    approval: str = ""
    looks: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSpec:
    """`loop:` — what may be done without asking."""

    enabled: bool = True
    retrain: RetrainSpec = RetrainSpec()
    limits: BoundsSpec = BoundsSpec()
    rules: tuple[LoopRuleSpec, ...] = ()
    builtin: bool = True  # the rules that hold without any


AS_IT_COMES = LoopSpec()
