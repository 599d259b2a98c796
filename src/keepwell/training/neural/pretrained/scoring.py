"""A pretrained encoder of texts with a head that scores."""

from typing import Any

# Loaded only where a network is made or read: never by `import keepwell`.
import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from keepwell.training.neural.pretrained.texts import TextEncoder, load_encoder


class ScoredText(nn.Module):
    """Scores what an encoder says.

    Args:
        encoder: From word pieces to a vector.
        scores: How many to give.
    """

    pieces = True

    def __init__(self, encoder: TextEncoder, scores: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(encoder.width, scores))

    def forward(self, rows: Any) -> Any:
        """Return scores for each row."""
        return self.head(self.encoder(rows))


def scored_text(path: str, scores: int) -> Any:
    """Return the encoder of a folder with a new head; vectors keep their length, which tells something."""
    encoder = load_encoder(path)
    encoder.normalized = False
    module = ScoredText(encoder, scores)
    last: Any = module.head[1]
    with torch.no_grad():
        last.weight.normal_(std=0.02)
        last.bias.zero_()
    return module
