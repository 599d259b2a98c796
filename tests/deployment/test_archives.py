"""An archive is read back as it was written, or not at all."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.errors import FormatError, IntegrityError, KeepwellError, NotFoundError
from keepwell.core.records import Bundle, BundleFile, Estimate, GateCheck, GateVerdict, ModelVersion
from keepwell.deployment.archives import Archive, artifact_of, read_archive, write_archive


class Original(tuple[ModelVersion, dict[str, bytes]]):
    """A version and its files, told in a word where a test fails."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Original({self[0].key})"


@pytest.fixture(scope="module")
def original(model_of: Callable[..., Any]) -> Original:
    """Return a version and its files."""
    made = model_of(flavour="linear")
    files = tuple(
        BundleFile(name=name, digest=hashlib.sha256(data).hexdigest(), size=len(data))
        for name, data in made.files.items()
    )
    check = GateCheck(name="min roc_auc", passed=True, value=0.9, limit=float("-inf"))
    version = ModelVersion(
        model="churn",
        version=3,
        run="01R",
        bundle=Bundle(files=files),
        signature=made.signature,
        metric="roc_auc",
        metrics={"roc_auc": Estimate(value=0.9, low=0.8)},
        proof=made.proof,
        gate=GateVerdict(passed=True, checks=(check,)),
        created=1_800_000_000.5,
    )
    return Original((version, dict(made.files)))


def write(data: bytes, folder: Path) -> Path:
    path = folder / "churn-3.keepwell"
    path.write_bytes(data)
    return path


def rezipped(data: bytes, change: Callable[[dict[str, bytes]], Any]) -> bytes:
    """Return an archive with other entries, put together as an attacker would."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    change(entries)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return sink.getvalue()


def test_it_comes_back_as_it_was(original: Original, tmp_path: Path) -> None:
    version, files = original
    data = write_archive(version, files.__getitem__)
    assert data == write_archive(version, files.__getitem__)
    found = read_archive(write(data, tmp_path))
    assert found.version == version
    assert found.files == files
    assert found.artifact == artifact_of(version.bundle)


def test_the_artifact_is_the_files_and_nothing_else(
    original: Original,
) -> None:
    version, _ = original
    turned = Bundle(files=version.bundle.files[::-1])
    assert artifact_of(turned) == artifact_of(version.bundle)
    first, *rest = version.bundle.files
    other = Bundle(files=(replace(first, digest="0" * 64), *rest))
    assert artifact_of(other) != artifact_of(version.bundle)


def alter(entries: dict[str, bytes]) -> None:
    entries["files/scorer.json"] = entries["files/scorer.json"].replace(b"1", b"2", 1)


def shorten(entries: dict[str, bytes]) -> None:
    entries["files/scorer.json"] = entries["files/scorer.json"][:-1]


def lengthen(entries: dict[str, bytes]) -> None:
    entries["files/scorer.json"] += b"\0" * 100


def remove(entries: dict[str, bytes]) -> None:
    del entries["files/scorer.json"]


def add(entries: dict[str, bytes]) -> None:
    entries["files/../../.bashrc"] = b"echo owned"


def rename(entries: dict[str, bytes]) -> None:
    """Make the record itself name a file outside, so that nothing disagrees."""
    record = json.loads(entries["version.json"])
    record["version"]["bundle"]["files"][0]["name"] = "../../etc/passwd"
    old = "files/pipeline.skops"
    entries["version.json"] = json.dumps(record).encode()
    entries["files/../../etc/passwd"] = entries.pop(old)


@pytest.mark.parametrize("change", [alter, shorten, lengthen, remove, add, rename])
def test_altered_archives_are_refused(
    original: Original,
    tmp_path: Path,
    change: Callable[[dict[str, bytes]], Any],
) -> None:
    version, files = original
    data = rezipped(write_archive(version, files.__getitem__), change)
    with pytest.raises(IntegrityError):
        read_archive(write(data, tmp_path))


def test_an_entry_that_is_there_twice_is_refused(original: Original, tmp_path: Path) -> None:
    version, files = original
    path = write(write_archive(version, files.__getitem__), tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("files/scorer.json", files["scorer.json"])
    with pytest.raises(IntegrityError, match="there twice"):
        read_archive(path)


def test_a_file_that_swells_is_not_unpacked(original: Original, tmp_path: Path) -> None:
    version, files = original
    swollen = {**files, "scorer.json": b"0" * (64 << 20)}
    data = write_archive(version, swollen.__getitem__)
    assert len(data) < 1 << 20
    with pytest.raises(IntegrityError, match="larger than it may be"):
        read_archive(write(data, tmp_path))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda record: record.update(format=2), "has format 2"),
        (lambda record: record.pop("version"), "cannot be read"),
        (lambda record: record["version"].pop("signature"), "cannot be read"),
    ],
)
def test_records_of_another_form_are_told(
    original: Original,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], Any],
    told: str,
) -> None:
    version, files = original

    def edit(entries: dict[str, bytes]) -> None:
        record = json.loads(entries["version.json"])
        change(record)
        entries["version.json"] = json.dumps(record).encode()

    data = rezipped(write_archive(version, files.__getitem__), edit)
    with pytest.raises(FormatError, match=told):
        read_archive(write(data, tmp_path))


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_archive(tmp_path / "none.keepwell")
    with pytest.raises(NotFoundError):
        read_archive(tmp_path)
    with pytest.raises(FormatError, match="no archive"):
        read_archive(write(b"PK\x03\x04 not really", tmp_path))
    with pytest.raises(FormatError, match=r"no version\.json|no archive"):
        read_archive(write(rezipped(_empty(), lambda entries: None), tmp_path))


def _empty() -> bytes:
    sink = io.BytesIO()
    zipfile.ZipFile(sink, "w").close()
    return sink.getvalue()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255), in_directory=st.booleans()
)
def test_a_byte_that_flips_changes_nothing_or_is_told(
    original: Original,
    tmp_path: Path,
    place: float,
    mask: int,
    in_directory: bool,
) -> None:
    version, files = original
    content = bytearray(write_archive(version, files.__getitem__))
    first = len(content) - 700 if in_directory else 0  # the list of entries stands at the end
    content[first + int(place * (len(content) - first))] ^= mask
    found: Archive | None = None
    told = ""
    try:
        found = read_archive(write(bytes(content), tmp_path))
    except KeepwellError as error:
        told = error.why
    if found is None:
        assert told
    else:
        assert (found.version, found.files) == (version, files)
