"""YAML as a tree whose every node knows its line, and what is wrong with it."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node

from keepwell.core.errors import ProjectFileError

_MOST_SHOWN = 10


@dataclass(slots=True)
class Complaints:
    """What is wrong with a file, gathered so that the user hears it all at once."""

    file: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, node: Node | None, text: str) -> None:
        """Complain about a node; about the whole file if there is none."""
        self.found.append((0 if node is None else node.start_mark.line + 1, text))

    def settle(self) -> None:
        """Raise `ProjectFileError` if there was a complaint."""
        if not self.found:
            return
        self.found.sort(key=lambda item: item[0])
        lines = [f"{self.file}:{line or 1}: {text}" for line, text in self.found]
        rest = len(lines) - _MOST_SHOWN
        if rest > 0:
            lines = [*lines[:_MOST_SHOWN], f"… and {rest} more"]
        raise ProjectFileError(
            "\n".join(lines),
            now="change the line, then `keepwell plan` shows what would be done"
            if len(self.found) == 1
            else "change these lines, then `keepwell plan` shows what would be done",
            details={
                "complaints": [{"line": line or 1, "text": text} for line, text in self.found]
            },
        )


def parse(path: Path, data: bytes, complaints: Complaints) -> MappingNode | None:
    """Return the file's tree; None, with a complaint, if it is not one mapping."""
    try:
        root = yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = f"this is not YAML: {error.problem or error.context}"
        if "'\\t'" in text:
            text += "; indent with spaces, not with tabs"
        complaints.found.append((mark.line + 1 if mark else 0, text))
        return None
    except yaml.YAMLError as error:
        complaints.add(None, f"{path.name} is not text: {' '.join(str(error).split())}")
        return None
    except RecursionError:
        complaints.add(None, "it is nested too deeply")
        return None
    if isinstance(root, MappingNode):
        return root
    complaints.add(
        root, "it must hold keys and values; the least is\n    data:\n      source: data.csv"
    )
    return None
