"""A project file for `init`: what was chosen stands there, the rest waits in comments."""

from collections.abc import Iterator, Sequence

from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.infrastructure.project_file.keys import KEYS, Key

_NOTES_AT = 34
_INTRODUCTION = """\
# {name}: a Keepwell project. Paths start from this file's folder.
# A line without its leading "# " counts; `keepwell plan` shows what would be done.

"""


def render_project(spec: ProjectSpec, notes: Sequence[str] = ()) -> str:
    """Return the text of a `keepwell.yaml` that reads back as `spec`; notes stand at its head.

    Only what is not a default is written; every other key stands there as a comment with its meaning.
    """
    plain = ProjectSpec(name="", root=spec.root, data=DataSpec(source=""))
    written = {
        key.path: key.kind.write(value)
        for key in KEYS
        if (value := key.value(spec)) is not None and value != key.value(plain)
    }
    introduction = _INTRODUCTION.format(name=spec.name).rstrip("\n") + "\n"
    introduction += "".join(f"# {note}\n" for note in notes) + "\n"
    return introduction + "\n".join(_lines(written)) + "\n"


def _lines(written: dict[str, str]) -> Iterator[str]:
    opened: list[str] = []
    for key in KEYS:
        parents = key.section.split(".") if key.section else []
        for depth, part in enumerate(parents):
            if opened[: depth + 1] != parents[: depth + 1]:
                path = ".".join(parents[: depth + 1])
                if depth == 0:
                    yield ""
                live = any(item.startswith(f"{path}.") for item in written)
                yield _line(f"{part}:", depth, live=live)
                opened = parents[: depth + 1]
        opened = parents
        yield _entry(key, len(parents), written)


def _entry(key: Key, depth: int, written: dict[str, str]) -> str:
    live = key.path in written
    text = _line(f"{key.leaf}: {written.get(key.path, key.example)}", depth, live=live)
    return f"{text:<{_NOTES_AT}}  # {key.note}"


def _line(text: str, depth: int, *, live: bool) -> str:
    return ("  " * depth if live else "# " + "  " * depth) + text
