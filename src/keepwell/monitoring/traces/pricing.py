"""What tokens cost: use is recorded, prices are applied when somebody looks."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from keepwell.core.spec.tracing import ModelPrice
from keepwell.monitoring.traces.span import Span

MILLION = 1e6
COUNTED = ("llm", "embedding")
"""Kinds of steps whose tokens count: those around them may say the same ones again."""

MONEY = (
    "CASE WHEN kind NOT IN ('llm', 'embedding') THEN 0.0 ELSE coalesce(cost, ("
    "greatest(coalesce(input_tokens, 0) - coalesce(cached_tokens, 0), 0) * p_input"
    " + coalesce(cached_tokens, 0) * p_cached + coalesce(output_tokens, 0) * p_output) / 1e6, 0.0) END"
)
"""The cost of a step in SQL, beside the columns of `price_table`."""


def price_of(model: str, prices: Sequence[ModelPrice]) -> ModelPrice | None:
    """Return the price of a model; None if none is stated.

    The name itself counts, else the longest one that it goes on after; a provider in front of a slash is
    no part of a name that is stated without one.

    >>> prices = [ModelPrice(model="gpt-4o", input=2.5), ModelPrice(model="gpt-4o-mini", input=0.15)]
    >>> price_of("gpt-4o-mini-2024-07-18", prices).input, price_of("openai/gpt-4o", prices).input
    (0.15, 2.5)
    >>> price_of("llama", prices) is None
    True
    """
    names = (model, model.rpartition("/")[2])
    for name in names:
        fitting = [one for one in prices if name == one.model or _goes_on(name, one.model)]
        if fitting:
            return max(fitting, key=lambda one: len(one.model))
    return None


def _goes_on(name: str, stated: str) -> bool:
    return name.startswith(stated) and not name[len(stated)].isalnum()


def price_table(models: Iterable[str], prices: Sequence[ModelPrice]) -> pa.Table:
    """Return the price of each model that has one, for SQL."""
    rows = [(model, price) for model in models if (price := price_of(model, prices)) is not None]
    return pa.table(
        {
            "p_model": pa.array([model for model, _ in rows], pa.string()),
            "p_input": pa.array([one.input for _, one in rows], pa.float64()),
            "p_output": pa.array([one.output for _, one in rows], pa.float64()),
            "p_cached": pa.array([_cached(one) for _, one in rows], pa.float64()),
        }
    )


def cost_of(span: Span, prices: Sequence[ModelPrice]) -> float | None:
    """Return what a step cost; None where nobody knows."""
    if span.kind not in COUNTED:
        return None
    if span.cost is not None:
        return span.cost
    price = price_of(span.model, prices)
    if price is None or (span.input_tokens is None and span.output_tokens is None):
        return None
    cached = span.cached_tokens or 0
    fresh = max((span.input_tokens or 0) - cached, 0)
    spent = fresh * price.input + cached * _cached(price) + (span.output_tokens or 0) * price.output
    return spent / MILLION


def _cached(price: ModelPrice) -> float:
    return price.input if price.cached is None else price.cached
