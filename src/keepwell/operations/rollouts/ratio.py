"""Did each version get the share of keys that it should have? If not, no comparison means anything.

A sequential multinomial test (Lindon & Malek, *Anytime-valid inference for multinomial count data*, NeurIPS
2022): the mixture of a Dirichlet distribution around the intended shares against those shares. It may be
looked at any time; by Ville's inequality it cries wolf with probability `ALPHA` at most, ever.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

ALPHA = 1e-4
"""Tiny, since it is asked for every step of every rollout, and a false alarm ends one."""

CONCENTRATION = 100.0
"""How near the mixture keeps to the intended shares; small mismatches are found sooner with more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How the shares compare.

    Attributes:
        p_value: Valid at any look.
        mismatch: Whether it is below `ALPHA`.
        detail: In words.
    """

    p_value: float
    mismatch: bool
    detail: str


def compare_shares(counts: Mapping[int, int], shares: Mapping[int, float]) -> Ratio:
    """Return whether counts of keys by version fit the intended shares (percent)."""
    wanted = {version: share / 100 for version, share in shares.items() if share > 0}
    total = sum(counts.get(version, 0) for version in wanted)
    strays = sum(counts.values()) - total
    log_factor = math.lgamma(CONCENTRATION) - math.lgamma(CONCENTRATION + total)
    for version, share in wanted.items():
        prior, count = CONCENTRATION * share, counts.get(version, 0)
        log_factor += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    p_value = 1.0 if len(wanted) < 2 else min(1.0, math.exp(-max(log_factor, 0.0)))  # noqa: PLR2004
    said = ", ".join(
        f"version {version} {counts.get(version, 0) / total:.1%} for {share:.1%}"
        for version, share in sorted(wanted.items())
        if total
    )
    extra = f"; {strays:,} keys at versions without a share" if strays > 0 else ""
    return Ratio(p_value=p_value, mismatch=p_value < ALPHA, detail=(said or "no keys yet") + extra)
