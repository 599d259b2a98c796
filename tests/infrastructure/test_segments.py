import contextlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import BusyError, FormatError, StorageError
from keepwell.core.records import Prediction
from keepwell.infrastructure.segments import (
    MAGIC,
    SegmentWriter,
    decode_prediction,
    encode_prediction,
    finished_segments,
    list_segments,
    read_frames,
)

A_PREDICTION = Prediction(
    id="01J9ZK0000000000000000000A",
    time=1.5,
    endpoint="churn",
    model="churn",
    version=3,
    role="champion",
    request="01J9ZK0000000000000000000B",
    key="k",
    inputs='{"a":1}',
    prediction='"Yes"',
    probabilities=(0.25, 0.75),
    latency_ms=0.5,
)


def written(folder: Path) -> list[bytes]:
    return [frame for segment in list_segments(folder) for frame in read_frames(segment.path)[0]]


@given(batches=st.lists(st.lists(st.binary(min_size=1, max_size=300), min_size=1), max_size=8))
@settings(max_examples=30, deadline=None)
def test_what_was_appended_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("segments")
    writer = SegmentWriter(folder, "w", rotate_bytes=500)
    for batch in batches:
        writer.append_all(batch)
    writer.close()
    assert written(folder) == [payload for batch in batches for payload in batch]


@given(cut=st.integers(min_value=0), payloads=st.lists(st.binary(min_size=1), min_size=1))
@settings(max_examples=50, deadline=None)
def test_a_torn_tail_hides_nothing_before_it(
    tmp_path_factory: pytest.TempPathFactory, cut: int, payloads: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("segments")
    writer = SegmentWriter(folder, "w")
    ends = []
    for payload in payloads:
        writer.append(payload)
        ends.append(list_segments(folder)[0].path.stat().st_size)
    writer.close()
    path = list_segments(folder)[0].path
    size = cut % (ends[-1] + 1)
    os.truncate(path, size)
    frames, offset = read_frames(path)
    whole = sum(end <= size for end in ends)
    assert frames == payloads[:whole]
    assert offset == (ends[whole - 1] if whole else 0)


def test_a_reader_follows_a_segment_that_grows(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "w")
    path = list_segments(tmp_path)[0].path
    writer.append(b"one")
    first, offset = read_frames(path)
    writer.append(b"two")
    second, end = read_frames(path, offset)
    assert (first, second) == ([b"one"], [b"two"])
    assert read_frames(path, end) == ([], end)


def test_a_changed_byte_ends_the_reading(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "w")
    writer.append_all([b"one", b"two"])
    path = list_segments(tmp_path)[0].path
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert read_frames(path)[0] == [b"one"]


def test_positions_grow_over_files_and_restarts(tmp_path: Path) -> None:
    for _ in range(3):
        writer = SegmentWriter(tmp_path, "w", rotate_bytes=20)
        writer.append_all([b"0123456789"])
        writer.append_all([b"0123456789"])
        writer.close()
    segments = list_segments(tmp_path)
    assert len(segments) == 6
    ends = [segment.position(read_frames(segment.path)[1]) for segment in segments]
    assert ends == sorted(set(ends))
    assert ends[-1] < 2**63


def test_the_newest_segment_of_a_slot_is_never_finished(tmp_path: Path) -> None:
    for slot in ("a", "a", "b-1"):
        SegmentWriter(tmp_path, slot).close()
    assert [segment.slot for segment in finished_segments(tmp_path)] == ["a"]


def test_a_slot_has_one_writer(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "w")
    with pytest.raises(BusyError, match="'w'"):
        SegmentWriter(tmp_path, "w")
    other = SegmentWriter.claim(tmp_path, "w")
    assert other.slot == "w.1"
    writer.close()
    SegmentWriter(tmp_path, "w").close()


def test_kill_9_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from keepwell.infrastructure.segments import SegmentWriter\n"
        "writer = SegmentWriter(Path(sys.argv[1]), 'w'); n = 0\n"
        "while True:\n"
        "    writer.append(b'%d' % n); print(n, flush=True); n += 1\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    seen = -1
    while seen < 500:
        seen = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    told = [int(line) for line in rest.splitlines()] or [seen]
    frames = written(tmp_path)
    assert len(frames) > told[-1]
    assert frames == [b"%d" % n for n in range(len(frames))]


def test_a_full_disk_is_an_error_and_leaves_no_half_frame(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "w")
    writer.append(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        with pytest.raises(StorageError, match="cannot be written"):
            writer.append(b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    writer.append(b"after")
    assert written(tmp_path) == [b"before", b"after"]


def test_a_disk_without_a_byte_left_refuses_and_goes_on_when_there_is_room(
    small_disk: Path,
) -> None:
    writer = SegmentWriter(small_disk, "w")
    writer.append(b"before")
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.raises(StorageError, match="cannot be written") as refusal:
        writer.append(b"x" * 100_000)
    assert "No space left" in refusal.value.why
    assert written(small_disk) == [b"before"]
    ballast.unlink()
    writer.append(b"after")
    assert written(small_disk) == [b"before", b"after"]


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w-0000000001.seg"
    path.write_bytes(MAGIC[:-1] + b"\2")
    with pytest.raises(FormatError, match="not a log segment"):
        read_frames(path)


def test_a_prediction_survives_its_encoding() -> None:
    assert decode_prediction(encode_prediction(A_PREDICTION)) == A_PREDICTION
    assert decode_prediction(b"?other") is None
