"""Which classes a fitted estimator knows."""

from typing import Any


def classes_of(fitted: Any) -> Any:
    """Return them in their order; None for a regressor, of which CatBoost's has an empty list."""
    known = getattr(fitted, "classes_", None)
    return None if known is None or len(known) == 0 else known
