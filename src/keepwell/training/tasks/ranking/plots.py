"""Figures of a recommender."""

from collections.abc import Mapping

import numpy as np

from keepwell.core.records import Estimate
from keepwell.features.recommendation import Recommender
from keepwell.training.plots.figure import Figure, figure, line, plain, thinned


def ranking_plots(made: Recommender, metrics: Mapping[str, Estimate]) -> dict[str, Figure]:
    """Return quality by length of list, and how unequally popular the items are."""
    lines = []
    for name in ("ndcg", "mrr", "recall"):
        cuts = [k for k in (5, 10, 20) if f"{name}_at_{k}" in metrics]
        lines.append(line(cuts, [metrics[f"{name}_at_{k}"].value for k in cuts], name))
    counts = np.sort(made.catalogue.popularity)[::-1]
    shares = np.cumsum(counts) / max(counts.sum(), 1.0)
    shown = thinned(len(shares))
    tail = line(plain((shown + 1) / len(shares)), plain(shares[shown]), "events")
    return {
        "top_k": figure("By length of the list", "items in the list", "", lines),
        "popularity": figure(
            "Popularity", "share of items, the most popular first", "share of events", [tail]
        ),
    }
