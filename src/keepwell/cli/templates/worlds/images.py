"""Which digit a picture shows."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from keepwell.cli.templates.template import Row, Template
from keepwell.core.errors import MissingExtraError
from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec

_LEARNT = 1_297  # of the 1,797 pictures; the others come later


def digits(random: Random, later: bool) -> Iterator[Row]:
    """Yield handwritten digits; later the scanner is dirty, and every fourth picture is negative."""
    from sklearn.datasets import load_digits

    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("the template 'images'", extra="images") from None
    bunch = load_digits()
    pictures = bunch.images[_LEARNT:] if later else bunch.images[:_LEARNT]
    labels = bunch.target[_LEARNT:] if later else bunch.target[:_LEARNT]
    for picture, label in zip(pictures, labels, strict=True):
        grey = np.asarray(picture * 15.9, dtype=np.float64)
        if later:
            noise = [random.gauss(0, 30) for _ in range(grey.size)]
            grey = np.clip(grey + np.array(noise).reshape(grey.shape), 0, 255)
            if random.random() < 0.25:
                grey = 255 - grey
        file = io.BytesIO()
        Image.fromarray(grey.astype(np.uint8)).save(file, "PNG")
        yield {"image": base64.b64encode(file.getvalue()).decode(), "digit": int(label)}


TEMPLATE = Template(
    name="images",
    title="Which digit a picture shows",
    mode="real-time",
    origin="1,297 handwritten digits of 8 by 8 pixels, which scikit-learn brings with it.",
    change="The scanner is dirty, and every fourth picture is a negative.",
    world=digits,
    rows=_LEARNT,
    later=500,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(
            source="data/digits.csv",
            target="digit",
            key="picture",
            types={"image": ColumnType.IMAGE, "digit": ColumnType.CATEGORY},
        ),
        train=TrainSpec(metric="accuracy", budget=30.0),
        gate=GateSpec(min={"accuracy": 0.9}),
        monitor=MonitorSpec(window_seconds=None, window_rows=250),
    ),
    notes="It needs Pillow: `pip install 'keepwell[images]'`.",
)
