import base64
import struct
import zlib

import numpy as np
import pytest
from pictures import encoded, stripes

from keepwell.core.errors import InvalidRequestError, MissingExtraError
from keepwell.features.pictures import WIDTH, picture_parts

GREY = stripes(True, 0).clip(0, 255)


def bomb(side: int) -> str:
    """A PNG of a few bytes that claims to be huge."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = b""
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        body = kind + data
        chunks += struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG", "WEBP"])
def test_reads_the_usual_kinds_alike(kind: str) -> None:
    parts = picture_parts(encoded(GREY, kind))
    assert parts.shape == (WIDTH,)
    assert np.isfinite(parts).all()
    assert np.abs(parts - picture_parts(encoded(GREY))).mean() < 0.03


def test_reads_a_data_url_as_the_file_itself() -> None:
    text = encoded(GREY)
    assert (picture_parts(f"data:image/png;base64,{text}") == picture_parts(text)).all()


def test_takes_what_is_see_through_for_white() -> None:
    clear = np.zeros((8, 8, 4))
    white = np.full((8, 8, 3), 255)
    assert np.allclose(picture_parts(encoded(clear)), picture_parts(encoded(white)))


def test_a_missing_picture_is_nothing() -> None:
    assert not picture_parts("").any()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("not base64!", "is not in base64"),
        (base64.b64encode(b"just some text").decode(), "cannot be read"),
        (encoded(GREY)[: len(encoded(GREY)) // 8 * 4], "cannot be read"),
        (bomb(7_000), "too large: 7,000 by 7,000 pixels"),
        (bomb(60_000), "too large"),
        ("A" * (28 << 20), "too large"),
    ],
    ids=["no base64", "no picture", "cut short", "large", "bomb", "long"],
)
def test_refuses_what_is_no_picture_or_too_large(text: str, what: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        picture_parts(text)
    assert what in refused.value.what
    assert refused.value.why
    assert refused.value.now


def test_names_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(MissingExtraError, match="images"):
        picture_parts("iVBORw0KGgo=")
