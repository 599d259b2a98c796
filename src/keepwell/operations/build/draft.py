"""A trained model before it is registered: everything but its version number.

Training leaves a draft as a blob, so that a process killed between training and registering trains
nothing twice.
"""

from dataclasses import dataclass, field

from keepwell.core.records import Bundle, Estimate, Proof, Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What training hands to the registry.

    `test_rows` is the digest of a blob with the positions (int64) of the rows that no choice ever saw,
    in the table that was trained on.
    """

    run: str
    bundle: Bundle
    signature: Signature
    metric: str
    learner: str
    dataset: str
    test_rows: str
    metrics: dict[str, Estimate] = field(default_factory=dict)
    importance: dict[str, float] = field(default_factory=dict)
    proof: Proof | None = None
    findings: tuple[str, ...] = ()
