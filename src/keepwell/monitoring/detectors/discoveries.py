"""Which of many tests found something: Benjamini and Hochberg's control of false discoveries."""

from collections.abc import Sequence

RATE = 0.01
"""Of all columns that are reported to have drifted, the share that may be false."""


def discoveries(p_values: Sequence[float], rate: float = RATE) -> list[bool]:
    """Tell for each p-value whether it is a discovery; at most `rate` of them are false on average.

    >>> discoveries([0.001, 0.2, 0.004, 0.9], rate=0.01)
    [True, False, True, False]
    """
    ordered = sorted(p_values)
    limit = -1.0
    for rank, p_value in enumerate(ordered, start=1):
        if p_value <= rate * rank / len(ordered):
            limit = p_value
    return [p_value <= limit for p_value in p_values]
