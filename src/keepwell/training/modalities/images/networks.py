"""The modules: what they see are rows, the numbers of other columns first, then the pixels."""

from typing import Any

# Loaded only where a network is made or read: never by `import keepwell`.
import torch  # noqa: TID253
from torch import nn  # noqa: TID253

_LEAST = 4  # pixels of a side that are left to average over
_HIDDEN = 64


class Beside(nn.Module):
    """Sees pictures by one module, puts other columns beside what it saw, and scores both.

    Args:
        eye: From planes of `[pictures, 3, side, side]` to `seen` numbers.
        seen: How many.
        columns: Numbers of a row.
        scores: How many to give.
        pictures: How many a row has.
        side: Pixels of a side.
    """

    def __init__(
        self, eye: Any, *, seen: int, columns: int, scores: int, pictures: int, side: int
    ) -> None:
        super().__init__()
        self.eye = eye
        self.pictures, self.side = pictures, side
        self.size = pictures * 3 * side * side
        self.others = columns - self.size
        wide = seen * pictures + self.others
        inner = [nn.Linear(wide, _HIDDEN), nn.ReLU()] if self.others else []
        self.head = nn.Sequential(
            *inner, nn.Dropout(0.2), nn.Linear(_HIDDEN if inner else wide, scores)
        )

    def forward(self, rows: Any) -> Any:
        """Score rows."""
        planes = rows[:, self.others :].reshape(-1, 3, self.side, self.side)
        seen = self.eye(planes).reshape(rows.shape[0], -1)
        if self.others:
            seen = torch.cat([rows[:, : self.others], seen], dim=1)
        return self.head(seen)


def small_network(columns: int, scores: int, *, pictures: int, side: int, width: int) -> Any:
    """Return convolutions that halve a picture until little of it is left, ever wider."""
    layers: list[Any] = []
    before, now, left = 3, width, side
    while True:
        layers += [
            nn.Conv2d(before, now, 3, padding=1, bias=False),
            nn.BatchNorm2d(now),
            nn.ReLU(),
        ]
        if left // 2 < _LEAST:
            break
        layers.append(nn.MaxPool2d(2))
        before, now, left = now, min(2 * now, 4 * width), left // 2
    eye = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Beside(eye, seen=now, columns=columns, scores=scores, pictures=pictures, side=side)
