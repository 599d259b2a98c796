"""One path from a row to the numbers that a model sees, for training, batches and requests alike.

    row or table ──Decoder──▶ canonical frame ──preparation──▶ matrix ──▶ estimator

The signature says which columns there are and what each accepts; the decoder turns JSON instances or
Arrow tables into the same canonical values; the preparation is fitted once, on training rows, and is
part of the model. So what training saw and what serving sees cannot drift apart.
"""

from typing import TYPE_CHECKING, Any

from keepwell.features.decoding import Decoded, Decoder

if TYPE_CHECKING:
    from keepwell.features.signature import infer_signature

__all__ = ["Decoded", "Decoder", "infer_signature"]


def __getattr__(name: str) -> Any:
    # It needs pyarrow, 28 MB of memory that a worker, which only decodes, has no use for.
    if name == "infer_signature":
        from keepwell.features.signature import infer_signature

        return infer_signature
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
