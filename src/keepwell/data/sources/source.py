"""A source: one or more files with the same columns."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.plugins import load_plugin, plugin_names
from keepwell.core.suggestions import did_you_mean
from keepwell.data.fingerprint import find_files, medium_of, not_learnt_from, stamp, suffix_of
from keepwell.data.sources.files import DataFile, Sample
from keepwell.data.sources.linked import with_pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows come from.

    Attributes:
        location: As the user wrote it.
        root: What a relative location starts from.
        files: In the order of their paths, which is the order of the rows.
    """

    location: str
    root: Path
    files: tuple[DataFile, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, as in the first file."""
        return self.files[0].names

    def sample(self) -> Sample:
        """Return rows of the first, the middle and the last file, columns in the first one's order."""
        files = self.files
        some = dict.fromkeys((0, len(files) // 2, len(files) - 1))
        samples = [files[place].sample() for place in some]
        tables = []
        for place, sample in zip(some, samples, strict=True):
            order = [f"c{files[place].names.index(name)}" for name in self.names]
            table = sample.table.select(order)
            tables.append(table.rename_columns([f"c{at}" for at in range(len(order))]))
        return Sample(
            table=pa.concat_tables(tables),
            complete=all(sample.complete for sample in samples) and len(some) == len(files),
            expected=samples[0].expected * len(files),
        )

    def fingerprint(self) -> dict[str, list[int]]:
        """Return the size and the time of change of each file, by path; nothing is read."""
        return stamp([file.path for file in self.files], self.root)


def open_source(location: str, root: Path) -> Source:
    """Return the source at a path, a folder or a glob; the files' names and first rows are checked.

    Raises:
        NotFoundError: If nothing is there.
        InvalidDataError: If a file is empty or not what its name says, or the files' columns differ.
    """
    files = tuple(with_pictures(_open_file(path), root) for path in find_files(location, root))
    for file in files[1:]:
        _must_agree(files[0], file)
    return Source(location=location, root=root, files=files)


def _open_file(path: Path) -> DataFile:
    suffix = suffix_of(path)
    known = plugin_names("sources")
    kind = medium_of(path)
    if kind and suffix not in known:
        raise not_learnt_from(f"{path} is a {kind.removesuffix('s')}", kind)
    if suffix not in known:
        raise InvalidDataError(
            f"{path} cannot be read",
            why=f"no format is known for names that end with '.{suffix}'"
            if suffix
            else "its name does not say what it is",
            now=did_you_mean(suffix, known)
            or f"name it by its format: {', '.join('.' + name for name in known)}",
        )
    opened: DataFile = load_plugin("sources", suffix)(path)
    return opened


def _must_agree(first: DataFile, other: DataFile) -> None:
    absent = [name for name in first.names if name not in other.names]
    extra = [name for name in other.names if name not in first.names]
    if bool(first.types) != bool(other.types):
        raise InvalidDataError(
            f"{other.path} and {first.path} are of different formats",
            why="the files of one source must all hold text, or all hold typed columns",
            now="convert them to one format, or name one kind with a glob, for example data/*.parquet",
        )
    if absent or extra:
        column = (absent or extra)[0]
        verb = "lacks" if absent else "has"
        raise InvalidDataError(
            f"{other.path} {verb} the column '{column}', "
            f"which {first.path} {'has' if absent else 'does not have'}",
            why="all files of a source must have the same columns",
            now=did_you_mean(column, extra if absent else first.names)
            or "leave that file out, or make its columns like the others'",
            details={"file": str(other.path), "missing": absent, "extra": extra},
        )
