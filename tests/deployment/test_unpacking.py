"""What comes out of a packed body is what went in, and never more than may."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import UsageError
from keepwell.deployment.unpacking import EncodingError, UnpackedTooLargeError, unpacked

PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"X-GZIP": gzip.compress,
    b" deflate ": zlib.compress,
}


@settings(max_examples=40)
@given(
    body=st.binary(max_size=2000),
    encoding=st.sampled_from(sorted(PACKERS)),
    spare=st.integers(0, 9),
)
def test_what_was_packed_comes_out(body: bytes, encoding: bytes, spare: int) -> None:
    packed = PACKERS[encoding](body)
    assert unpacked(encoding, packed, len(body) + spare) == body
    if body:
        with pytest.raises(UnpackedTooLargeError):
            unpacked(encoding, packed, len(body) - 1)


@settings(max_examples=40)
@given(body=st.binary(max_size=200), cut=st.integers(1, 10))
def test_what_is_cut_short_is_refused(body: bytes, cut: int) -> None:
    with pytest.raises(UsageError, match="cannot be unpacked"):
        unpacked(b"gzip", gzip.compress(body)[:-cut], 1000)


@pytest.mark.parametrize("encoding", [b"", b"identity", b" Identity "])
def test_what_is_not_packed_stays(encoding: bytes) -> None:
    assert unpacked(encoding, b"abc", 1) == b"abc"


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"\xff"])
def test_another_packing_is_refused(encoding: bytes) -> None:
    with pytest.raises(EncodingError) as caught:
        unpacked(encoding, b"", 10)
    assert caught.value.http_status == 415


def test_several_members_are_one_body_and_counted_together() -> None:
    two = gzip.compress(b"a" * 60) + gzip.compress(b"b" * 60)
    assert unpacked(b"gzip", two, 120) == b"a" * 60 + b"b" * 60
    with pytest.raises(UnpackedTooLargeError):
        unpacked(b"gzip", two, 119)
