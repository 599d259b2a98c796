"""The most frequent of any number of labels, in a place of fixed size (Misra and Gries).

Of `n` labels that were counted, one that is among them more than n / 65 times is kept, and its count is
too small by at most that. Merging two summaries keeps this promise for both together (Agarwal et al.,
Mergeable Summaries).
"""

from collections.abc import Iterable

KEPT = 64


def count_labels(kept: dict[str, int], labels: Iterable[tuple[str, int]]) -> None:
    """Add labels with their counts to what is kept, in place.

    >>> kept = {}
    >>> count_labels(kept, [("new", 3), ("rare", 1)])
    >>> count_labels(kept, [("new", 2)])
    >>> kept
    {'new': 5, 'rare': 1}
    """
    for label, count in labels:
        kept[label] = kept.get(label, 0) + count
    if len(kept) <= KEPT:
        return
    ordered = sorted(kept.items(), key=lambda item: -item[1])
    lost = ordered[KEPT][1]
    for label, _ in ordered[KEPT:]:
        del kept[label]
    for label, count in ordered[:KEPT]:
        kept[label] = max(count - lost, 1)  # seen it was: an example of what is new
