"""Pictures changed at random in ways that leave alone what they show."""

from collections.abc import Callable, Sequence
from typing import Any

from keepwell.core.errors import TrainingError
from keepwell.core.suggestions import did_you_mean
from keepwell.features.networks.writing import torch_library

WAYS = ("shift", "light", "mirror", "erase")
"""Moved by an eighth of a side; brighter, darker, paler; left for right; with a patch taken out."""


def augmentation(ways: Sequence[str], side: int, pictures: int) -> Callable[[Any], Any] | None:
    """Return what changes a batch of rows; None if nothing is to be changed.

    Args:
        ways: Some of `WAYS`.
        side: Pixels of a side.
        pictures: How many of a row's last numbers are pictures, each of three planes.

    Raises:
        TrainingError: If there is no such way.
    """
    for way in ways:
        if way not in WAYS:
            raise TrainingError(
                f"pictures cannot be augmented by '{way}'",
                why=f"the ways are {', '.join(WAYS)}",
                now=did_you_mean(way, WAYS) or "correct `augment` under `train: learners:`",
            )
    if not ways:
        return None
    size = pictures * 3 * side * side

    def change(rows: Any) -> Any:
        torch = torch_library()
        planes = rows[:, -size:].reshape(-1, 3, side, side)
        for way in WAYS:
            if way in ways:
                planes = _CHANGES[way](torch, planes)
        return torch.cat([rows[:, :-size], planes.reshape(len(rows), size)], dim=1)

    return change


def _shift(torch: Any, planes: Any) -> Any:
    count, _, side, _ = planes.shape
    most = max(1, side // 8)
    wide = torch.nn.functional.pad(planes, (most,) * 4, mode="replicate")
    down, right = torch.randint(0, 2 * most + 1, (2, count, 1))
    steps = torch.arange(side)[None]
    rows = (down + steps).to(planes.device)[:, None, :, None]
    columns = (right + steps).to(planes.device)[:, None, None, :]
    each = torch.arange(count, device=planes.device)[:, None, None, None]
    return wide[each, torch.arange(3, device=planes.device)[None, :, None, None], rows, columns]


def _light(torch: Any, planes: Any) -> Any:
    count = len(planes)
    strength = (0.8 + 0.4 * torch.rand(count, 1, 1, 1)).to(planes.device)
    added = (0.2 * torch.rand(count, 1, 1, 1) - 0.1).to(planes.device)
    middle = planes.mean(dim=(1, 2, 3), keepdim=True)
    return ((planes - middle) * strength + middle + added).clamp(0.0, 1.0)


def _mirror(torch: Any, planes: Any) -> Any:
    turned = (torch.rand(len(planes), 1, 1, 1) < 0.5).to(planes.device)  # noqa: PLR2004
    return torch.where(turned, planes.flip(3), planes)


def _erase(torch: Any, planes: Any) -> Any:
    count, _, side, _ = planes.shape
    size = max(1, side // 4)
    top, left = torch.randint(0, side - size + 1, (2, count, 1))
    at = torch.arange(side)[None]
    rows, columns = (at >= top) & (at < top + size), (at >= left) & (at < left + size)
    patch = (rows[:, :, None] & columns[:, None, :])[:, None].to(planes.device)
    return torch.where(patch, planes.mean(dim=(2, 3), keepdim=True), planes)


_CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "shift": _shift,
    "light": _light,
    "mirror": _mirror,
    "erase": _erase,
}
