"""A pointer: a small file that Git keeps in the place of a large one.

    {
    "keepwell": "pin 1",
    "kind": "folder",
    "sha256": "5f2c…",
    "size": 2097,
    "files": [
    {"path": "cat/1.png", "sha256": "9b74…", "size": 1021},
    {"path": "dog/1.png", "sha256": "27ae…", "size": 1076}
    ]
    }

It is JSON, a line for each file, so that `git diff` shows which files changed. A pointer of one file has no
`files`. The digest of a folder is that of the lines `sha256  size  path`, sorted by path: equal folders have
equal pointers.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from keepwell.core.errors import FormatError, InvalidDataError
from keepwell.core.suggestions import did_you_mean
from keepwell.data.pins.telling import typed

FORMAT = 1
_MOST = 256 << 20  # bytes of a pointer: two million files
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ODD = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:")
_RESERVED = frozenset({".git", "git~1", ".keepwell"})
"""Whoever writes there decides what is run here; `git~1` is a disk's short name of it."""
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""Some disks take names for equal that differ in these alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One file's content.

    Attributes:
        path: Below the pinned folder, with `/`; empty where one file is pinned.
        sha256: Its digest: 64 hex digits.
        size: Its bytes.
    """

    path: str = ""
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What is pinned: a file, or a folder with its files, sorted by path."""

    kind: str
    contents: tuple[Content, ...]

    @property
    def sha256(self) -> str:
        """Return the file's digest, or that of the list of files."""
        if self.kind == "file":
            return self.contents[0].sha256
        lines = (f"{item.sha256}  {item.size}  {item.path}\n" for item in self.contents)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(item.size for item in self.contents)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A pointer as it stands in the file."""

    keepwell: str
    kind: str
    sha256: str
    size: int
    files: tuple[Content, ...] = ()


def folder_of(contents: Iterable[Content]) -> Pointer:
    """Return the pointer of a folder with these files."""
    return Pointer(kind="folder", contents=tuple(sorted(contents, key=lambda item: item.path)))


def render(pointer: Pointer) -> bytes:
    """Return a pointer as it is written to disk."""
    head = {
        "keepwell": f"pin {FORMAT}",
        "kind": pointer.kind,
        "sha256": pointer.sha256,
        "size": pointer.size,
    }
    parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    if pointer.kind == "folder":
        lines = ",\n".join(
            json.dumps(
                {"path": item.path, "sha256": item.sha256, "size": item.size}, ensure_ascii=False
            )
            for item in pointer.contents
        )
        parts.append(f'"files": [\n{lines}\n]')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def read(path: Path) -> Pointer:
    """Return the pointer in a file.

    Raises:
        FormatError: If a newer Keepwell wrote it.
        InvalidDataError: If it is no pointer, or names what no pointer may name.
    """
    if path.stat().st_size > _MOST:
        raise _wrong(path, f"it has more than {_MOST >> 20} MiB")
    data = path.read_bytes()
    if b"\n<<<<<<< " in data or data.startswith(b"<<<<<<< "):
        raise InvalidDataError(
            f"{path} holds a merge that was not finished",
            why="two branches pinned different content, and Git left both in the file",
            now=f"git checkout --theirs {typed(path)} (or --ours), then keepwell data fetch",
        )
    return parse(data, path)


def parse(data: bytes, path: Path) -> Pointer:
    """Return the pointer that was written as `data`; `path` is named in errors."""
    try:
        found = msgspec.json.decode(data, type=_Written)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from error
    _must_be_known(found, path)
    if found.kind == "file":
        content = Content(sha256=found.sha256, size=found.size)
        _must_be_content(content, path)
        return Pointer(kind="file", contents=(content,))
    for item in found.files:
        _must_be_content(item, path)
        complaint = complaint_of(item.path)
        if complaint:
            raise _wrong(path, f"the path '{item.path[:200]}' {complaint}")
    _must_be_apart([item.path for item in found.files], path)
    pointer = folder_of(found.files)
    if (pointer.sha256, pointer.size) != (found.sha256, found.size):
        raise _wrong(path, "its list of files is not the one that its digest and size stand for")
    return pointer


def complaint_of(name: str) -> str:
    """Return what is wrong with a path below a pinned folder; empty if nothing is.

    >>> complaint_of("cat/1.png"), complaint_of("../x"), complaint_of("/etc/passwd")
    ('', "leads out of the folder by '..'", 'is absolute')
    """
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "is absolute"
    parts = name.split("/")
    if ".." in parts:
        return "leads out of the folder by '..'"
    if "" in parts or "." in parts:
        return "has an empty part"
    if _ODD.search(name):
        return "holds a backslash or a control character"
    if not _encodable(name):
        return "is not UTF-8"
    plain = [_UNSEEN.sub("", part).rstrip(" .").casefold() for part in parts]
    hidden = [part for part in plain if part in _RESERVED]
    return f"goes through {hidden[0]}" if hidden else ""


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _must_be_known(found: _Written, path: Path) -> None:
    word, _, number = found.keepwell.partition(" ")
    if word != "pin" or not number.isdecimal():
        raise _wrong(path, f"it begins with '{found.keepwell[:40]}', not with 'pin {FORMAT}'")
    if int(number) > FORMAT:
        raise FormatError(
            f"{path} is a pointer of format {number}",
            why=f"this Keepwell reads formats up to {FORMAT}; a newer one has written it",
            now="pip install --upgrade keepwell",
        )
    if found.kind not in ("file", "folder"):
        raise _wrong(
            path,
            f"its kind is '{found.kind[:40]}': file or folder. "
            + did_you_mean(found.kind, ("file", "folder")),
        )


def _must_be_content(item: Content, path: Path) -> None:
    if not _DIGEST.fullmatch(item.sha256):
        raise _wrong(path, f"'{item.sha256[:80]}' is no SHA-256: 64 digits 0-9 and a-f")
    if item.size < 0:
        raise _wrong(path, f"no file has {item.size} bytes")


def _must_be_apart(names: list[str], path: Path) -> None:
    known: set[str] = set()
    for name in names:
        if name in known:
            raise _wrong(path, f"it names '{name}' twice")
        known.add(name)
    for name in names:
        for parent in PurePosixPath(name).parents:
            if str(parent) in known:
                raise _wrong(path, f"it names '{parent}' as a file and as a folder")


def _wrong(path: Path, why: str) -> InvalidDataError:
    return InvalidDataError(
        f"{path} is not a pointer that can be followed",
        why=why.strip(),
        now=f"restore it from Git: git checkout -- {typed(path)}; or pin what you have again",
    )
