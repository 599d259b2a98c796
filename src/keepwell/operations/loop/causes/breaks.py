"""Which damage is a break: a training would learn it, and be wrong once it is mended upstream."""

from keepwell.core.records import Signal

BREAKS = frozenset({"missing", "wrong", "constant", "unit"})
"""Kinds of damage that no world makes. New categories and numbers out of range are the world's now and then:
those are learnt."""

SHARE = 0.2
"""Share of rows from which on a column is broken: a few damaged rows spoil no training."""


def broken(signal: Signal) -> bool:
    """Tell whether a signal says that a column broke."""
    return signal.damage in BREAKS and abs(signal.value) >= SHARE
