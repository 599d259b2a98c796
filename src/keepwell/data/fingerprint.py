"""Which files a source consists of, and whether they changed, without opening one.

Only pinned files are read, once, to tell whether they are what Git says. Standard library only: a run
in which nothing changed reads nothing but this.
"""

import glob
from collections.abc import Iterator
from pathlib import Path

from keepwell.core.errors import InvalidDataError, NotFoundError, UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.data.pins.absence import absent, pattern_of
from keepwell.data.pins.drift import differing
from keepwell.data.pins.naming import is_pointer

SUFFIXES = ("csv", "tsv", "txt", "parquet", "pq", "jsonl", "ndjson", "json", "npz", "npy")
"""What a folder's files must end with to be taken; a glob or a path may name any file."""

PICTURES = ("png", "jpg", "jpeg", "gif", "bmp", "webp")
"""What the files of a folder that holds no table may end with: one row each, by the folder they are in."""

MEDIA = {
    "videos": ("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv"),
    "sounds": ("wav", "mp3", "flac", "ogg", "opus", "m4a", "aac", "aiff", "aif", "wma"),
}
"""What is recognised, and nothing learns from."""

COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}
"""Second suffixes (`churn.csv.gz`), and what they mean."""

_GLOB = frozenset("*?[")


def find_files(location: str, root: Path) -> list[Path]:
    """Return the files of a source, sorted by path: one file, a folder's files, or a glob's.

    A relative location starts at `root`. In a folder, and below it, files are taken whose name ends
    like a table's; hidden ones and those that start with an underscore are left out.

    Raises:
        NotFoundError: If there is no such file, or none that matches, or one is pinned and not here.
        ConflictError: If one is pinned, and its content is not what the pointer names.
        InvalidDataError: If there are only videos or sounds.
        UsageError: If the location is a URL of a kind that cannot be read.
    """
    if "://" in location and not location.startswith("file://"):
        scheme = location.partition("://")[0]
        raise UsageError(
            f"'{location}' cannot be read",
            why=f"sources are files, folders and globs so far; '{scheme}://' is none of them",
            now="export it to a CSV or Parquet file first, and give that path",
        )
    path = root / Path(location.removeprefix("file://")).expanduser()
    found = [path] if path.is_file() else _several(location, path, root)
    differs = differing(found)
    if differs is not None:
        raise differs
    return found


def _several(location: str, path: Path, root: Path) -> list[Path]:
    not_here = absent(path, lambda inner: _is_taken(inner, (*SUFFIXES, *PICTURES)), root)
    if not_here is not None:
        raise not_here
    found = sorted(_in_folder(path, SUFFIXES) if path.is_dir() else _matching(path, root))
    if not found and path.is_dir():
        found = sorted(_in_folder(path, PICTURES))
    if not found:
        raise _nothing(location, path, root)
    return found


def fingerprint(location: str, root: Path) -> dict[str, list[int]]:
    """Return the size and the time of change (nanoseconds) of each file, by path.

    Equal answers mean that the source did not change. Paths below `root` are told
    relative to it, so that a project may be moved.

    Raises:
        NotFoundError: If there is no such file, or none that matches.
    """
    return stamp(find_files(location, root), root)


def stamp(files: list[Path], root: Path) -> dict[str, list[int]]:
    """Return the fingerprint of these files.

    Raises:
        NotFoundError: If one of them is gone.
    """
    stamps: dict[str, list[int]] = {}
    for path in files:
        try:
            status = path.stat()
        except FileNotFoundError:
            raise vanished(path) from None
        name = path.relative_to(root) if path.is_relative_to(root) else path
        stamps[name.as_posix()] = [status.st_size, status.st_mtime_ns]
    return stamps


def suffix_of(path: Path) -> str:
    """Return what the name says the file is, without its compression: `csv` for `a.CSV.gz`."""
    parts = path.name.lower().split(".")
    if len(parts) > 2 and parts[-1] in COMPRESSIONS:  # noqa: PLR2004 (name.suffix.compression)
        parts.pop()
    return parts[-1] if len(parts) > 1 else ""


def medium_of(path: Path) -> str:
    """Return `videos` or `sounds` if a name ends like theirs; else nothing."""
    suffix = path.suffix.lower().lstrip(".")
    return next((kind for kind, suffixes in MEDIA.items() if suffix in suffixes), "")


def not_learnt_from(what: str, kind: str) -> InvalidDataError:
    """Return the error for videos or sounds; `what` says where they were found."""
    features = {
        "videos": "take single frames as pictures, a folder for each class: "
        "ffmpeg -i clip.mp4 -vf fps=1 frames/CLASS/clip-%04d.png",
        "sounds": "bring a table with a row for each sound: features of it (loudness, spectrum), "
        "an embedding, or its transcript as text",
    }
    other = {
        "videos": "; or bring a table with a row for each video: features or an embedding of it",
        "sounds": "; spectrograms may come as pictures",
    }
    return InvalidDataError(
        what,
        why=f"Keepwell learns from tables, texts, pictures and time series; from {kind} it does not",
        now=features[kind] + other[kind],
        details={"modality": kind},
    )


def vanished(path: Path) -> NotFoundError:
    """Return the error for a file that was there a moment ago."""
    return NotFoundError(
        f"{path} is gone",
        why="it was there when the source was listed, and was removed or renamed before it was read",
        now="put it back, or run again without it",
    )


def _is_taken(inner: Path, suffixes: tuple[str, ...]) -> bool:
    hidden = any(part.startswith((".", "_")) for part in inner.parts)
    return not hidden and suffix_of(inner) in suffixes


def _in_folder(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if _is_taken(path.relative_to(folder), suffixes) and _is_here(path):
            yield path


def _matching(path: Path, root: Path) -> Iterator[Path]:
    for match in map(Path, glob.iglob(str(pattern_of(path, root)), recursive=True)):
        if _is_here(match) and not is_pointer(match):
            yield match


def _is_here(path: Path) -> bool:
    """Tell whether a file is there; a link to pinned content that is not is an error."""
    if path.is_file():
        return True
    pinned = absent(path, lambda _: True) if path.is_symlink() and not path.exists() else None
    if pinned is not None:
        raise pinned
    return False


def _nothing(location: str, path: Path, root: Path) -> NotFoundError | InvalidDataError:
    if path.is_dir():
        refusal = _of_media(location, path)
        if refusal is not None:
            return refusal
        others = sorted(item.name for item in path.iterdir())[:5]
        return NotFoundError(
            f"the folder '{location}' holds no data file",
            why=f"looked for names that end with {', '.join('.' + item for item in (*SUFFIXES, *PICTURES))}; "
            f"found {', '.join(others) or 'nothing at all'}",
            now="name the files with a glob, for example data/*.dat.csv",
        )
    if not _GLOB.isdisjoint(location):
        return NotFoundError(
            f"no file matches '{location}'",
            why=f"the search starts in {root}",
            now="check the pattern: * stays within a folder, ** goes below it",
        )
    if path.is_symlink():
        return NotFoundError(
            f"'{location}' is a link to '{path.readlink()}', which is not here",
            why=f"looked for {path.resolve()}",
            now="put it there, or let the link lead to what is here",
        )
    siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    return NotFoundError(
        f"there is no file '{location}'",
        why=f"looked for {path}",
        now=did_you_mean(path.name, siblings)
        or "check the path; in a project it is `source:` under `data:` in keepwell.yaml",
    )


def _of_media(location: str, folder: Path) -> InvalidDataError | None:
    suffixes = tuple(suffix for suffixes in MEDIA.values() for suffix in suffixes)
    found = sorted(_in_folder(folder, suffixes))
    if not found:
        return None
    kind = medium_of(found[0])
    names = ", ".join(path.relative_to(folder).as_posix() for path in found[:3])
    more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""  # noqa: PLR2004 (named: three)
    return not_learnt_from(f"the folder '{location}' holds {kind}: {names}{more}", kind)
