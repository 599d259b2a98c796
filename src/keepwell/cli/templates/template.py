"""What a template is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from keepwell.core.spec import ProjectSpec

Row = dict[str, Any]
World = Callable[[Random, bool], Iterator[Row]]
"""Makes rows, the same for the same seed; the second argument: as the world is later, after its change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A use with everything to start it.

    Attributes:
        name: As `--template` takes it.
        title: The use, in a line.
        mode: How it is deployed: `real-time` behind an endpoint, `batch` by a job.
        origin: Where the data is from, in a sentence.
        change: What is different in the later rows, in a sentence.
        world: Makes the rows, with the target.
        project: The project, given the folder's name; its `root` is set when it is written.
        rows: How many rows to learn from.
        later: How many rows come later.
        outcomes: What became of the later rows is told too.
        files: More files of the project, by name; `$endpoint` stands for the endpoint's name.
        notes: What else the reader should know; Markdown.
    """

    name: str
    title: str
    mode: Literal["real-time", "batch"]
    origin: str
    change: str
    world: World
    project: Callable[[str], ProjectSpec]
    rows: int = 4_000
    later: int = 1_500
    outcomes: bool = True
    files: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
