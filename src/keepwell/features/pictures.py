"""A picture file in base64 as numbers: edges by direction, colours, and a small grey picture.

NumPy and Pillow only: the scorer uses it as it is. A file is refused by its size, its kind and its number of
pixels before one of them is decoded, so a small file cannot become a huge picture.
"""

import base64
import binascii
import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError, MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BYTES = 20 << 20
MOST_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")

_SIDE = 32  # pixels that every picture is brought to
_CELL = 4
_DIRECTIONS = 8
_SHADES = 4
_GREY = 16
_CELLS = _SIDE // _CELL
WIDTH = _CELLS * _CELLS * _DIRECTIONS + 3 * _SHADES + _GREY * _GREY
"""Numbers that a picture becomes."""


def picture_parts(text: str) -> "NDArray[np.float64]":
    """Return the numbers of a picture; zeros of a missing one.

    Raises:
        InvalidRequestError: If it is not a picture file in base64, or too large.
        MissingExtraError: If Pillow is not installed.
    """
    if not text:
        return np.zeros(WIDTH)
    pixels = _pixels(text)
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    blocks = grey.reshape(_GREY, _SIDE // _GREY, _GREY, _SIDE // _GREY).mean(axis=(1, 3))
    return np.concatenate([_edges(grey), _colours(pixels), blocks.ravel()])


def picture_pixels(text: str, side: int) -> "NDArray[np.float32]":
    """Return the pixels of a picture from 0 to 1, all red ones first; zeros of a missing one.

    Args:
        text: The file in base64.
        side: Pixels of a side of the square that it is brought to.

    Raises:
        InvalidRequestError: As `picture_parts` does.
        MissingExtraError: If Pillow is not installed.
    """
    if not text:
        return np.zeros(3 * side * side, dtype=np.float32)
    return _pixels(text, side).transpose(2, 0, 1).astype(np.float32).ravel()


def _edges(grey: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return by cell how strong the edges of each direction are, as shares of the picture's own."""
    down, right = np.gradient(grey)
    strength = np.hypot(down, right)
    angle = np.mod(np.arctan2(down, right), np.pi) / np.pi * _DIRECTIONS
    nearest = np.minimum(angle.astype(np.int64), _DIRECTIONS - 1)
    rows, columns = np.indices(grey.shape) // _CELL
    slots = ((rows * _CELLS + columns) * _DIRECTIONS + nearest).ravel()
    sums = np.bincount(slots, weights=strength.ravel(), minlength=_CELLS * _CELLS * _DIRECTIONS)
    cells = np.sqrt(sums)  # one strong edge must not hide the others
    length = float(np.linalg.norm(cells))
    return np.asarray(cells / length if length > 0 else cells, dtype=np.float64)


def _colours(pixels: "NDArray[np.float64]") -> "NDArray[np.float64]":
    shades = np.minimum((pixels * _SHADES).astype(np.int64), _SHADES - 1)
    counts = [np.bincount(shades[..., one].ravel(), minlength=_SHADES) for one in range(3)]
    return np.concatenate(counts) / (_SIDE * _SIDE)


def _pixels(text: str, side: int = _SIDE) -> "NDArray[np.float64]":
    """Return a square of pixels from 0 to 1, by red, green and blue."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise MissingExtraError("a picture", extra="images") from None
    data = _bytes(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we ask ourselves
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise _too_large(f"{picture.width:,} by {picture.height:,} pixels")
                small = _square(picture, side)
    except InvalidRequestError:
        raise
    except Image.DecompressionBombError:
        raise _too_large("far more pixels than that") from None
    except Exception as error:  # noqa: BLE001 (Pillow's decoders raise what they like)
        raise InvalidRequestError(
            "a picture cannot be read",
            why=f"its bytes are no whole {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file"
            f" ({type(error).__name__})",
            now="send the bytes of a picture file in base64",
        ) from None
    return np.asarray(small, dtype=np.float64) / 255.0


def _square(picture: Any, side: int) -> Any:
    from PIL import Image

    if picture.format == "JPEG":
        picture.draft("RGB", (side * 4, side * 4))  # decoded no finer than is needed
    if picture.mode in (
        "I",
        "I;16",
        "F",
    ):  # more than 8 bits a pixel: brought to 8 by its own range
        values = np.asarray(picture, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) / (high - low or 1.0) * 255.0
        picture = Image.fromarray(scaled.astype(np.uint8))
    if picture.mode in ("P", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode == "RGBA":  # what is see-through is white
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)


def _bytes(text: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if len(text) > MOST_BYTES * 4 // 3 + 4:
        raise _too_large(f"{len(text):,} characters")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError(
            f"a picture is not in base64: {text!r:.60}",
            why="a picture travels as the base64 of its file's bytes",
            now="send that; in Python: base64.b64encode(path.read_bytes()).decode()",
        ) from None


def _too_large(size: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"a picture is too large: {size}",
        why=f"at most {MOST_BYTES >> 20} MB and {MOST_PIXELS:,} pixels are decoded",
        now="make it smaller: it is brought to a few dozen pixels anyway",
    )
