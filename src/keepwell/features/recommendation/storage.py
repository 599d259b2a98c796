"""A recommender as files: arrays without pickles, labels as JSON, a ranker in LightGBM's own text."""

import io
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

from keepwell.core.errors import FormatError
from keepwell.features.recommendation.arrays import Catalogue, History
from keepwell.features.recommendation.descriptions import Descriptions, Descriptor
from keepwell.features.recommendation.recommender import (
    DESCRIBED,
    FEATURES,
    RANKERS,
    Rank,
    Recommender,
)

ARRAYS, NAMES, RANKER = "recommender.npz", "recommender.json", "ranker.txt"
FORMAT = 1


def store(recommender: Recommender, ranker: str = "") -> dict[str, bytes]:
    """Return the files of a recommender."""
    catalogue, history = recommender.catalogue, recommender.history
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        allow_pickle=False,
        starts=history.starts,
        taken=history.items,
        weights=history.weights,
        held=history.held,
        popularity=catalogue.popularity,
        recency=catalogue.recency,
        neighbours=catalogue.neighbours.astype(np.int32),
        similarities=catalogue.similarities,
        factors=catalogue.factors,
        features=catalogue.features,
        audience=catalogue.audience,
        described=recommender.described.values,
    )
    names = {
        "format": FORMAT,
        "users": recommender.users,
        "items": catalogue.labels,
        "method": recommender.method,
        "repeat": recommender.repeat,
        "regularisation": catalogue.regularisation,
        "confidence": catalogue.confidence,
        "cold": recommender.cold,
        "described": [asdict(column) for column in recommender.described.columns],
    }
    files = {ARRAYS: buffer.getvalue(), NAMES: msgspec.json.encode(names)}
    if ranker:
        files[RANKER] = ranker.encode()
    return files


def restore(read: Callable[[str], bytes], open_ranker: Callable[[bytes, int], Rank]) -> Recommender:
    """Return the recommender of a bundle's files.

    Args:
        read: Gives a file by name.
        open_ranker: Makes a function of the ranker's text and its number of features.

    Raises:
        FormatError: If the files were written by a newer Keepwell.
    """
    names: dict[str, Any] = msgspec.json.decode(read(NAMES))
    if names.get("format") != FORMAT:
        raise FormatError(
            f"the recommender has format {names.get('format')}",
            why=f"this Keepwell reads format {FORMAT}",
            now="pip install --upgrade keepwell",
        )
    with np.load(io.BytesIO(read(ARRAYS)), allow_pickle=False) as arrays:
        history = History(
            starts=arrays["starts"],
            items=arrays["taken"],
            weights=arrays["weights"],
            held=arrays["held"],
        )
        catalogue = Catalogue(
            labels=names["items"],
            popularity=arrays["popularity"],
            recency=arrays["recency"],
            neighbours=arrays["neighbours"].astype(np.int64),
            similarities=arrays["similarities"],
            factors=arrays["factors"],
            regularisation=names["regularisation"],
            confidence=names["confidence"],
            features=arrays.get("features", np.zeros((len(names["items"]), 0))),
            audience=arrays.get("audience", np.zeros((len(names["items"]), 0))),
        )
        values = arrays.get("described", np.zeros((len(names["users"]), 0)))
    described = Descriptions(
        columns=tuple(_descriptor(one) for one in names.get("described", ())), values=values
    )
    ranked = names["method"] in RANKERS
    width = len(FEATURES)
    if names["method"] == "described":
        width += len(DESCRIBED) + values.shape[1] + catalogue.features.shape[1]
    return Recommender(
        users=names["users"],
        history=history,
        catalogue=catalogue,
        method=names["method"],
        rank=open_ranker(read(RANKER), width) if ranked else None,
        repeat=names["repeat"],
        described=described,
        cold=names.get("cold", "popularity"),
    )


def _descriptor(data: dict[str, Any]) -> Descriptor:
    lists = {name: tuple(data[name]) for name in ("labels", "means", "spreads")}
    return Descriptor(**{**data, **lists})
