"""A ResNet, read off its weights: their names and shapes say how deep and how wide it is."""

import re
from collections.abc import Mapping
from typing import Any

# Loaded only where a network is made or read: never by `import keepwell`.
import torch  # noqa: TID253
from torch import nn  # noqa: TID253

_BLOCK = re.compile(r"layer(\d+)\.(\d+)\.")


class NotResNetError(Exception):
    """The weights are of something else; the message says what is missing."""


class Block(nn.Module):
    """Convolutions with a way around them: two of 3 by 3, or three that are narrow in the middle."""

    def __init__(self, shapes: Mapping[str, Any], where: str, stride: int) -> None:
        super().__init__()
        self.deep = f"{where}conv3.weight" in shapes
        count = 3 if self.deep else 2
        for at in range(1, count + 1):
            wide, narrow, size, _ = shapes[f"{where}conv{at}.weight"].shape
            inputs = shapes[f"{where}conv{at - 1}.weight"].shape[0] if at > 1 else narrow
            # A bottleneck halves the picture in its middle, as torchvision has it.
            step = stride if at == (2 if self.deep else 1) else 1
            conv = nn.Conv2d(
                inputs, wide, size, step, padding=size // 2, groups=inputs // narrow, bias=False
            )
            self.add_module(f"conv{at}", conv)
            self.add_module(f"bn{at}", nn.BatchNorm2d(wide))
        self.downsample: Any = None
        if f"{where}downsample.0.weight" in shapes:
            wide, narrow, _, _ = shapes[f"{where}downsample.0.weight"].shape
            self.downsample = nn.Sequential(
                nn.Conv2d(narrow, wide, 1, stride, bias=False), nn.BatchNorm2d(wide)
            )

    def forward(self, planes: Any) -> Any:
        """Return planes."""
        around = planes if self.downsample is None else self.downsample(planes)
        relu = nn.functional.relu
        planes = relu(self.get_submodule("bn1")(self.get_submodule("conv1")(planes)))
        planes = self.get_submodule("bn2")(self.get_submodule("conv2")(planes))
        if self.deep:
            planes = self.get_submodule("bn3")(self.get_submodule("conv3")(relu(planes)))
        return relu(planes + around)


class ResNet(nn.Module):
    """All but the last layer, which knows the classes of others."""

    def __init__(self, shapes: Mapping[str, Any]) -> None:
        super().__init__()
        wide, _, size, _ = shapes["conv1.weight"].shape
        self.conv1 = nn.Conv2d(3, wide, size, 2, padding=size // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.layers = 0
        for layer, blocks in enumerate(_depths(shapes), start=1):
            stride = 1 if layer == 1 else 2
            made = [
                Block(shapes, f"layer{layer}.{at}.", stride if at == 0 else 1)
                for at in range(blocks)
            ]
            self.add_module(f"layer{layer}", nn.Sequential(*made))
            self.layers = layer

    def forward(self, planes: Any) -> Any:
        """Return a vector for each picture."""
        planes = nn.functional.relu(self.bn1(self.conv1(planes)))
        planes = nn.functional.max_pool2d(planes, 3, 2, 1)
        for layer in range(1, self.layers + 1):
            planes = self.get_submodule(f"layer{layer}")(planes)
        return planes.mean(dim=(2, 3))


def resnet_of(state: Mapping[str, Any]) -> ResNet:
    """Return the ResNet that has these weights.

    Raises:
        NotResNetError: If they are not those of one.
    """
    plain = {name.removeprefix("module."): value for name, value in state.items()}
    for name in ("conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight"):
        if name not in plain:
            raise NotResNetError(f"there is no '{name}' among {len(plain)} names")
    own = {name: value for name, value in plain.items() if not name.startswith("fc.")}
    try:
        with torch.device("cpu"):
            network = ResNet(own)
        network.load_state_dict(own)
    except (KeyError, ValueError, RuntimeError) as error:
        raise NotResNetError(str(error).strip().splitlines()[0][:200]) from error
    network.eval()
    return network


def _depths(shapes: Mapping[str, Any]) -> list[int]:
    deepest: dict[int, int] = {}
    for name in shapes:
        if found := _BLOCK.match(name):
            layer, block = int(found[1]), int(found[2])
            deepest[layer] = max(deepest.get(layer, 0), block + 1)
    if sorted(deepest) != list(range(1, len(deepest) + 1)):
        raise NotResNetError(f"its layers are {sorted(deepest)}")
    return [deepest[layer] for layer in sorted(deepest)]
