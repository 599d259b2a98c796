"""What a target is, what it is given, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from keepwell.core.records import ModelVersion, Parity

if TYPE_CHECKING:
    import pyarrow as pa

Value = str | int | float | bool
Figure = Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A choice that a target leaves to its user: `--option name=value`.

    Attributes:
        name: How it is said.
        default: What holds unless it is said; its type is the type of every value.
        meaning: One line for the help.
        choices: The only values there are; empty if any will do.
    """

    name: str
    default: Value
    meaning: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """A model version with its files at hand.

    Attributes:
        version: The version, with its signature, proof and the digests of its files.
        endpoint: The name that it answers under.
        read: Gives a file of its bundle by name, verified against its digest.
        rows: Gives at most so many rows of the data that it was trained on, spread evenly over them:
            its inputs, and its target where the data has it. None if the data is not there any more.
    """

    version: ModelVersion
    endpoint: str
    read: Callable[[str], bytes]
    rows: "Callable[[int], pa.Table | None]" = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """One file of an export."""

    name: str  # relative to the folder, with slashes
    size: int
    digest: str  # SHA-256


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export came to.

    Attributes:
        figures: What was measured, by name with its unit: `cold_start_ms`, `largest_difference`.
        notes: What the user should do or know, a line each; a command stands alone on its line.
        parity: How far its ONNX form is from the version, where that is what was written; it is stored
            with the version.
        files: Everything in the folder. A target leaves this empty: whoever called it counts.
    """

    figures: dict[str, Figure] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    parity: Parity | None = None
    files: tuple[ExportedFile, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class Target(Protocol):
    """Writes a model version in a form that runs elsewhere.

    Law: what was written gives the predictions that the server gives; it checks the digests of the
    model's files before it uses them; it asks nobody for anything while it runs. Writing the same
    version with the same options twice gives the same files.
    """

    @property
    def summary(self) -> str:
        """What comes out, in one line."""
        ...

    @property
    def options(self) -> tuple[Option, ...]:
        """What the user may choose."""
        ...

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the exported form into an empty folder, and tell what was measured on it.

        Args:
            folder: Is there, and empty; it takes its real name when this returns.
            exportable: What is exported.
            options: A value for every option of this target.

        Raises:
            UsageError: If this version has no such form; says why, and what to do about it.
        """
        ...
