"""Pretrained models of pictures: a Hugging Face folder, or a ResNet's weights as torchvision writes them."""

from pathlib import Path
from typing import Any

# Loaded only where a network is made or read: never by `import keepwell`.
import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from keepwell.core.errors import InvalidDataError, MissingExtraError
from keepwell.training.neural.pretrained.folder import document, loaded, model_at, weights_of
from keepwell.training.neural.pretrained.resnet import NotResNetError, resnet_of

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_SIDE_OF_WEIGHTS = 96
"""Pixels of a side for weights alone: a ResNet takes any size, and smaller pictures are quicker."""


class Eye(nn.Module):
    """Sees normalized pictures by a pretrained model.

    Args:
        inner: From planes to numbers.
        mean: Of each colour, in the pictures that it was trained on.
        spread: The same.

    Attributes:
        rests: Stays as it is while others learn: no statistics of its own are renewed.
    """

    def __init__(self, inner: Any, mean: Any, spread: Any) -> None:
        super().__init__()
        self.inner = inner
        self.rests = False
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).reshape(1, 3, 1, 1))
        self.register_buffer(
            "spread", torch.tensor(spread, dtype=torch.float32).reshape(1, 3, 1, 1)
        )

    def train(self, mode: bool = True) -> "Eye":
        """Learn, unless it rests."""
        super().train(mode and not self.rests)
        return self

    def forward(self, planes: Any) -> Any:
        """Return what it sees."""
        return self.inner((planes - self.mean) / self.spread)


class Pooled(nn.Module):
    """The pooled state of a model of transformers: what it gives as such, or the mean of its states."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, planes: Any) -> Any:
        """Return a vector for each picture."""
        said = self.model(pixel_values=planes)
        pooled = getattr(said, "pooler_output", None)
        if pooled is None:
            states = said.last_hidden_state
            pooled = states.mean(dim=1) if states.ndim == 3 else states.mean(dim=(2, 3))  # noqa: PLR2004
        return pooled.flatten(1)


def side_of(path: str) -> int:
    """Return the pixels of a side that a model takes."""
    at = model_at(path, file=True)
    if at.is_file():
        return _SIDE_OF_WEIGHTS
    size = document(at / "preprocessor_config.json").get("size")
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge")
    return int(size or document(at / "config.json").get("image_size") or 224)


def load_eye(path: str) -> tuple[Eye, int]:
    """Return what sees pictures, and how many numbers it gives for one.

    Raises:
        InvalidDataError: If it cannot be read.
        MissingExtraError: If it is a folder, and transformers is not installed.
        NotFoundError: If nothing is there.
    """
    at, side = model_at(path, file=True), side_of(path)
    if at.is_file():
        eye = Eye(_resnet(at), *_IMAGENET)
    else:
        said = document(at / "preprocessor_config.json")
        mean, spread = said.get("image_mean", _IMAGENET[0]), said.get("image_std", _IMAGENET[1])
        eye = Eye(Pooled(loaded("AutoModel", at, dtype=torch.float32)), mean, spread)
    eye.eval()
    with torch.inference_mode():
        try:
            seen = eye(torch.zeros(1, 3, side, side))
        except Exception as error:  # a model of something else than pictures
            raise InvalidDataError(
                f"{at} does not see pictures",
                why=str(error).strip().splitlines()[0][:200],
                now="give a model of pictures, such as a ResNet or a ViT",
            ) from error
    return eye, int(seen.reshape(1, -1).shape[1])


def _resnet(at: Path) -> Any:
    try:
        return resnet_of(state_of(weights_of(at)[0]))
    except NotResNetError as reason:
        raise InvalidDataError(
            f"{at} holds the weights of a model that is not known",
            why=f"weights alone say what they are for a ResNet only; {reason}",
            now="give the folder of a Hugging Face model, which has a config.json beside them",
        ) from reason


def state_of(file: Path) -> dict[str, Any]:
    """Return the weights in a file by name. No code in it is run.

    Raises:
        InvalidDataError: If it is no such file.
        MissingExtraError: If it is of safetensors, which is not installed.
    """
    try:
        if file.suffix == ".safetensors":
            try:
                from safetensors.torch import load_file
            except ImportError as error:
                raise MissingExtraError("a file of safetensors", extra="torch") from error
            state: Any = load_file(str(file))
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
    except MissingExtraError:
        raise
    except Exception as error:  # pickles with code, torn files, other formats
        raise InvalidDataError(
            f"{file} cannot be read as weights",
            why=str(error).strip().splitlines()[0][:200],
            now="save a state_dict: torch.save(model.state_dict(), file), or safetensors",
        ) from error
    found = state.get("state_dict", state) if isinstance(state, dict) else {}
    return {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
