"""Small pictures, drawn and written as files."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image


def encoded(pixels: Any, kind: str = "PNG") -> str:
    """Base64 of a picture file."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def stripes(upright: bool, seed: int) -> Any:
    """Grey stripes, upright or level, somewhere in the noise."""
    random = np.random.default_rng(seed)
    wave = 100 + 80 * np.sin(np.arange(24) * 0.9 + random.uniform(0, 6))
    rows = np.tile(wave, (24, 1))
    return (rows if upright else rows.T) + random.normal(0, 8, (24, 24))
