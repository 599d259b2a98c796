"""A model version as one file: everything that makes it the same version in another workspace.

    data = write_archive(version, read)         # the same version gives the same bytes
    archive = read_archive(Path("churn-3.keepwell"))
    archive.version, archive.files, archive.artifact

It is a zip file with `version.json` (the record: signature, metrics, proof, gate, the digest of each file)
and the bundle's files under `files/`. Whoever reads it trusts nothing in it: each file must be the one that
the record names, and there must be no other. No name in it ever becomes a path.
"""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from keepwell import __version__
from keepwell.core.errors import FormatError, IntegrityError, NotFoundError
from keepwell.core.records import Bundle, ModelVersion
from keepwell.infrastructure.codec import from_plain, to_plain

FORMAT = 1
RECORD = "version.json"
_FILES = "files/"
_LONGEST_RECORD = 16 << 20  # bytes
_DATED = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # the first that a zip file can say: an archive bears no time of its own
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # also NotImplementedError: encrypted, or packed in a way of its own
    ValueError,
)
"""What the reader of zip files raises where one was damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What a file holds, verified.

    Attributes:
        version: As it was registered where it comes from.
        files: Its bundle's files by name.
        digest: SHA-256 of the archive.
    """

    version: ModelVersion
    files: dict[str, bytes]
    digest: str

    @property
    def artifact(self) -> str:
        """The digest that is the same wherever this version is."""
        return artifact_of(self.version.bundle)


def artifact_of(bundle: Bundle) -> str:
    """Return one SHA-256 for all files of a bundle, whatever order they are in."""
    lines = sorted(f"{file.name} {file.digest}\n" for file in bundle.files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_archive(version: ModelVersion, read: Callable[[str], bytes]) -> bytes:
    """Return a version as the bytes of an archive.

    Args:
        version: The version.
        read: Gives a file of its bundle by name, verified.
    """
    record = {"format": FORMAT, "keepwell": __version__, "version": to_plain(version)}
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        _add(archive, RECORD, msgspec.json.format(msgspec.json.encode(record), indent=2))
        for file in sorted(version.bundle.files, key=lambda item: item.name):
            _add(archive, _FILES + file.name, read(file.name))
    return sink.getvalue()


def read_archive(path: Path) -> Archive:
    """Return what an archive holds, once all of it was verified.

    Raises:
        NotFoundError: If there is no such file.
        FormatError: If it is no archive, or one that a newer Keepwell has written.
        IntegrityError: If a file in it is not the one that its record names, or is not named at all.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read",
            why=error.strerror or str(error),
            now="name a file that `keepwell export bundle` wrote",
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            version, files = _unpack(archive, path)
    except _DAMAGED as error:
        raise FormatError(
            f"{path} is no archive of a model version, or was damaged",
            why=str(error) or type(error).__name__,
            now="write it again: keepwell export bundle",
        ) from None
    return Archive(version=version, files=files, digest=hashlib.sha256(data).hexdigest())


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _DATED)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def _unpack(archive: zipfile.ZipFile, path: Path) -> tuple[ModelVersion, dict[str, bytes]]:
    entries = {info.filename: info for info in archive.infolist()}
    if RECORD not in entries:
        raise FormatError(
            f"{path} is no archive of a model version",
            why=f"there is no {RECORD} in it",
            now="write one: keepwell export bundle",
        )
    version = _version(_bytes(archive, entries[RECORD], _LONGEST_RECORD, path), path)
    wanted = {_FILES + file.name: file for file in version.bundle.files}
    _must_match(path, [info.filename for info in archive.infolist()], {RECORD, *wanted})
    files: dict[str, bytes] = {}
    for name, file in wanted.items():
        content = _bytes(archive, entries[name], file.size, path)
        if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.digest:
            raise IntegrityError(
                f"the file '{file.name}' in {path} was altered",
                why=f"it is not the one of {version.key} that the record names by its SHA-256",
                now="get the archive again from where it was written",
            )
        files[file.name] = content
    return version, files


def _version(data: bytes, path: Path) -> ModelVersion:
    try:
        record: Any = msgspec.json.decode(data)
        found = record["format"]
        plain = record["version"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise FormatError(
            f"the record in {path} cannot be read",
            why=f"{type(error).__name__}: {error}",
            now="write it again: keepwell export bundle",
        ) from None
    if found != FORMAT:
        raise FormatError(
            f"{path} has format {found}",
            why=f"this Keepwell reads format {FORMAT}",
            now="pip install --upgrade keepwell",
        )
    return from_plain(ModelVersion, plain)


def _must_match(path: Path, found: list[str], wanted: set[str]) -> None:
    """Refuse an archive that lacks a file, or has one more, or one twice, or one that is a path."""
    wrong = (
        [(name, "is missing") for name in sorted(wanted - set(found))]
        + [(name, "belongs to nothing") for name in sorted(set(found) - wanted)]
        + [(name, "is there twice") for name in sorted(wanted) if found.count(name) > 1]
        + [(name, "is a path") for name in sorted(wanted - {RECORD}) if not _is_plain(name)]
    )
    if wrong:
        name, what = wrong[0]
        raise IntegrityError(
            f"{path} was altered: {name!r:.100} {what}",
            why="an archive holds the files that its record names, and nothing else",
            now="get the archive again from where it was written",
        )


def _is_plain(name: str) -> bool:
    rest = name.removeprefix(_FILES)
    return bool(rest) and rest not in (".", "..") and not set(rest) & set("/\\:\0")


def _bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, path: Path) -> bytes:
    """Return an entry, never unpacking more than it may have."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"{info.filename!r:.100} is packed in a way of its own")
    with archive.open(info) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise IntegrityError(
            f"{info.filename!r:.100} in {path} is larger than it may be",
            why=f"it has more than {most:,} bytes",
            now="get the archive again from where it was written",
        )
    return data
