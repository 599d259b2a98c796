"""One path from a row to the numbers that a model sees, for training, batches and requests alike.

    row or table ──Decoder──▶ canonical frame ──preparation──▶ matrix ──▶ estimator

The signature says which columns there are and what each accepts; the decoder turns JSON instances or
Arrow tables into the same canonical values; the preparation is fitted once, on training rows, and is
part of the model. So what training saw and what serving sees cannot drift apart.
"""

from keepwell.features.decoding import Decoded, Decoder
from keepwell.features.signature import infer_signature

__all__ = ["Decoded", "Decoder", "infer_signature"]
