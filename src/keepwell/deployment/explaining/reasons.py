"""The largest contributions in words."""

from collections.abc import Sequence
from typing import Any

from keepwell.deployment.explaining.explanation import Contribution

TOLD = 3
_SMALL = 0.02  # of the largest contribution: less is no reason
_LONG = 40


def reasons_of(ranked: Sequence[Contribution], explained: Any, target: str) -> list[str]:
    """Return up to three sentences.

    Args:
        ranked: The contributions, the largest first.
        explained: The class that they speak for; None for a number.
        target: What is predicted.

    >>> reasons_of([Contribution(column="tenure", value=3, contribution=0.8)], "Yes", "churned")
    ['tenure = 3 speaks for Yes (+0.8)']
    """
    least = _SMALL * abs(ranked[0].contribution) if ranked else 0.0
    return [
        f"{_holds(one)} {_effect(one.contribution, explained, target)} ({one.contribution:+.3g})"
        for one in ranked[:TOLD]
        if one.contribution and abs(one.contribution) >= least
    ]


def _holds(one: Contribution) -> str:
    if one.value is None:
        return f"{one.column} missing"
    value = one.value
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{one.column} = {text if len(text) <= _LONG else text[: _LONG - 1] + '…'}"


def _effect(contribution: float, explained: Any, target: str) -> str:
    if explained is None:
        return f"{'raises' if contribution > 0 else 'lowers'} {target}"
    return f"speaks {'for' if contribution > 0 else 'against'} {explained}"
