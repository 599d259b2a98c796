"""A row that a model must be able to answer."""

from keepwell.core.records import Signature


def example_of(signature: Signature) -> dict[str, str | int | float | bool]:
    """Return a row made of the examples that training left with each input."""
    return {item.name: item.example for item in signature.inputs if item.example is not None}


def asked_example(signature: Signature) -> dict[str, str | int | float | bool]:
    """Return a row such as a request holds: without what is calculated from earlier rows.

    Where something is, it is a row of now: what happened before the rows of training is not kept.
    """
    time = "" if signature.history is None else signature.history.time
    return {
        item.name: item.example
        for item in signature.asked
        if item.example is not None and item.name != time
    }
