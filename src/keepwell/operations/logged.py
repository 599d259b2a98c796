"""Rows of the prediction log as people read them."""

from collections.abc import Sequence

from keepwell.core.errors import NotFoundError
from keepwell.core.records import Prediction
from keepwell.deployment.labels import class_names
from keepwell.tracking.registry import Registry


def named_probabilities(
    registry: Registry, found: Sequence[Prediction]
) -> list[dict[str, float] | list[float]]:
    """Return each prediction's probabilities by class.

    Where the record does not hold its version, or there is nothing to name (a regression, a constant
    that answered), they are returned as they were logged.
    """
    names: dict[tuple[str, int], list[str]] = {}
    result: list[dict[str, float] | list[float]] = []
    for one in found:
        key = (one.model, one.version)
        if one.probabilities and key not in names:
            try:
                names[key] = class_names(registry.get(*key).signature)
            except NotFoundError:
                names[key] = []
        known = names.get(key, [])
        plain = list(one.probabilities)
        result.append(
            dict(zip(known, plain, strict=True)) if plain and len(known) == len(plain) else plain
        )
    return result
