"""What `init` makes of a table before there is a project: types, and which column plays which part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.errors import UsageError
from keepwell.core.records import Column, ColumnType
from keepwell.core.suggestions import did_you_mean

EVENT_WORDS = re.compile(
    r"(^|_|\b)(timestamp|datetime|date|time|day|ts|when|event|created|booked|at)(_|\b|$)", re.I
)
NOT_EVENTS = re.compile(r"birth|dob|expir|valid|until|due|end|updated|modified", re.I)
KEY_WORDS = re.compile(r"(^|_|\b)(id|key|uuid|guid|number|nr|no)$|ID$|Id$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLook:
    """A table's columns and the parts that they play; empty where none plays it."""

    columns: tuple[Column, ...]
    target: str
    key: str
    time: str

    def role(self, name: str) -> str:
        """Return `target`, `key`, `time` or `feature`; an identifier that is not the key is `left out`."""
        for role in ("target", "key", "time"):
            if getattr(self, role) == name:
                return role
        column = next(item for item in self.columns if item.name == name)
        return "left out" if column.type is ColumnType.IDENTIFIER else "feature"


def look_at(data: str, root: Path, *, target: str, key: str, time: str) -> FirstLook:
    """Read enough of the data to know its columns, and find key and time where they were not named.

    Raises:
        NotFoundError: If there is no such data.
        InvalidDataError: If it cannot be read, or holds videos or sounds and nothing else.
        UsageError: If a named column is not there.
    """
    from keepwell.data.inference import infer_columns
    from keepwell.data.sources import open_source
    from keepwell.data.sources.linked import must_not_be_media

    source = open_source(data, root)
    for option, named in (("target", target), ("key", key), ("time", time)):
        if named and named not in source.names:
            raise unknown_column(data, option, named, source.names)
    columns = tuple(infer_columns(source))
    look = FirstLook(
        columns=columns,
        target=target,
        key=key or find_key([item for item in columns if item.name not in (target, time)]),
        time=time or find_time([item for item in columns if item.name not in (target, key)]),
    )
    if target:
        found = [item for file in source.files for item in file.findings]
        must_not_be_media(
            found, [item.name for item in columns if look.role(item.name) == "feature"], data
        )
    return look


def find_key(columns: Sequence[Column]) -> str:
    """Return the identifier that names a row: the only one, or the first that is called like one."""
    identifiers = [item.name for item in columns if item.type is ColumnType.IDENTIFIER]
    named = [name for name in identifiers if KEY_WORDS.search(name)]
    if named:
        return named[0]
    return identifiers[0] if len(identifiers) == 1 else ""


def find_time(columns: Sequence[Column]) -> str:
    """Return the date that says when a row happened: called like one, and no birthday or deadline."""
    dates = [
        item.name
        for item in columns
        if item.type is ColumnType.DATETIME and not NOT_EVENTS.search(item.name)
    ]
    named = [name for name in dates if EVENT_WORDS.search(name)]
    if named:
        return named[0]
    return dates[0] if len(dates) == 1 else ""


def unknown_column(data: str, option: str, named: str, names: Sequence[str]) -> UsageError:
    """Return the error for a column that the data does not have."""
    some = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")  # noqa: PLR2004
    return UsageError(
        f"{data} has no column '{named}'",
        why=f"--{option} names a column; there are: {some}",
        now=did_you_mean(named, names) or f"--{option} '{names[-1]}', for example",
        details={"columns": list(names)},
    )


def project_name(root: Path) -> str:
    """Return a name for the project in a folder: the folder's, in small letters.

    >>> project_name(Path("/data/Telco Churn 2024"))
    'telco-churn-2024'
    """
    name = re.sub(r"[^a-z0-9_]+", "-", root.name.lower()).strip("-_")
    return name or "project"
