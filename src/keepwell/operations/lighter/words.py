"""A lighter variant in a sentence."""

from keepwell.operations.lighter.evidence import Lighter


def told(evidence: Lighter, name: str = "a lighter variant") -> str:
    """Say what it gains and what it costs.

    Args:
        evidence: What was measured.
        name: Who; the key of the version, where it is there.
    """
    value, low, high = evidence.loss.value, evidence.loss.low, evidence.loss.high
    change = "loses" if value > 0 else "gains" if value < 0 else "changes nothing in"
    if value < 0:  # a gain is told as one, its interval too
        low, high = (None if high is None else -high), (None if low is None else -low)
    reach = ""
    if low is not None and high is not None:
        reach = f" (95% interval {low:+.3g} to {high:+.3g})"
    amount = f"{abs(value):.3g} {evidence.metric}" if value else evidence.metric
    return (
        f"{name} answers one row {evidence.row_gain:.1f}x and {evidence.heavy.batch:,} rows "
        f"{evidence.batch_gain:.1f}x as fast as {evidence.parent}, and {change} {amount}{reach} "
        f"on {evidence.rows:,} rows that did not choose it"
    )
