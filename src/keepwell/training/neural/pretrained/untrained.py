"""Pretrained models of texts that score classes without having been trained on any row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Loaded only where a network is made or read: never by `import keepwell`.
import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from keepwell.features.networks.tokens import Tokens
from keepwell.training.neural.pretrained.folder import loaded
from keepwell.training.neural.pretrained.texts import TextEncoder, load_encoder, tokenizer_of


class OwnHead(nn.Module):
    """The scores that a model's own head gives to some of its classes.

    Args:
        model: Gives a score for each of its classes.
        places: Of those that are wanted.
    """

    pieces = True

    def __init__(self, model: Any, places: Sequence[int]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("places", torch.tensor(list(places)))

    def forward(self, rows: Any) -> Any:
        """Return scores for each row."""
        mask = (rows >= 0).long()
        said = self.model(input_ids=rows.clamp(min=0).long(), attention_mask=mask)
        return said.logits.index_select(1, self.places)


class NearestName(nn.Module):
    """Cosines between a text and the names of classes.

    Args:
        encoder: From pieces to a vector of length 1.
        names: A vector of length 1 for each class.
        sharpness: What cosines are multiplied by.
    """

    pieces = True

    def __init__(self, encoder: TextEncoder, names: Any, sharpness: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("names", names * sharpness)

    def forward(self, rows: Any) -> Any:
        """Return scores for each row."""
        return self.encoder(rows) @ self.names.T


def own_head(path: str, places: Sequence[int]) -> Any:
    """Return a model with its own head, asked for these classes."""
    model = loaded(
        "AutoModelForSequenceClassification",
        Path(path),
        attn_implementation="eager",
        dtype=torch.float32,
    )
    return OwnHead(model.eval(), places).eval()


def nearest_name(path: str, names: Sequence[str], sharpness: float) -> Any:
    """Return an encoder that is compared with what it makes of these names."""
    encoder = load_encoder(path)
    encoder.normalized = True
    tokens = Tokens(*tokenizer_of(path))
    with torch.inference_mode():
        vectors = [
            encoder(torch.from_numpy(np.asarray(tokens.numbers(name), dtype=np.float32))[None, :])
            for name in names
        ]
    return NearestName(encoder, torch.cat(vectors).clone(), sharpness).eval()
