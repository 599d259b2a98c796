"""A lighter variant in a sentence."""

from keepwell.operations.lighter.evidence import Lighter


def told(evidence: Lighter, name: str = "a lighter variant") -> str:
    """Say what it gains and what it costs.

    Args:
        evidence: What was measured.
        name: Who; the key of the version, where it is there.
    """
    loss = evidence.loss
    reach = ""
    if loss.low is not None and loss.high is not None:
        reach = f" (95% interval {loss.low:+.3g} to {loss.high:+.3g})"
    change = "loses" if loss.value > 0 else "gains" if loss.value < 0 else "changes nothing in"
    amount = f"{abs(loss.value):.3g} {evidence.metric}" if loss.value else evidence.metric
    return (
        f"{name} answers one row {evidence.row_gain:.1f}x and {evidence.heavy.batch:,} rows "
        f"{evidence.batch_gain:.1f}x as fast as {evidence.parent}, and {change} {amount}{reach} "
        f"on {evidence.rows:,} rows that did not choose it"
    )
