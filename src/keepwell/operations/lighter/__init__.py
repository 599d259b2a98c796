"""Lighter variants of a version: a smaller model that answers faster, and what that costs in quality.

    found = lighten(bench, version, max_loss=0.005)     # a gated version, or a Refusal that says why not
    for one in lighter_variants(bench, version):        # those that are there, the fastest first
        print(told(one.evidence))

Nothing is trained: members of an ensemble and trees of what boosts are left out. What is left is chosen on
one half of the version's test rows and judged on the other, so that the choice does not flatter itself.
"""

from keepwell.operations.lighter.considering import MAX_LOSS, Considered, consider
from keepwell.operations.lighter.evidence import Lighter, LighterVariant, Refusal
from keepwell.operations.lighter.making import lighten
from keepwell.operations.lighter.variants import lighter_of, lighter_variants
from keepwell.operations.lighter.words import told

__all__ = [
    "MAX_LOSS",
    "Considered",
    "Lighter",
    "LighterVariant",
    "Refusal",
    "consider",
    "lighten",
    "lighter_of",
    "lighter_variants",
    "told",
]
