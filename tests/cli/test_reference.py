import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from keepwell.cli.application import app
from keepwell.cli.reference import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"


def test_the_reference_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == render(), "python -m keepwell.cli.reference > docs/reference/cli.md"


def test_the_examples_use_options_that_there_are() -> None:
    root: Any = typer.main.get_command(app)
    known = dict(_commands("keepwell", root))
    looked_at = 0
    for path, command in known.items():
        for line in re.findall(r"keepwell [^\n]*", command.epilog or ""):
            for part in re.split(r"\s&&\s", line):
                asked = _longest(part, known) or path
                options = {name for item in known[asked].params for name in item.opts}
                words = shlex.split(part.replace("[/cyan]", ""))
                used = {word.partition("=")[0] for word in words if word.startswith("-")} - {"-"}
                looked_at += len(used)
                assert used <= options | {"-h", "--help"}, part
    assert looked_at > 50


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    context = typer.Context(command)
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from _commands(f"{path} {name}", command.get_command(context, name))


def _longest(line: str, known: dict[str, Any]) -> str:
    return max((path for path in known if f"{line} ".startswith(f"{path} ")), key=len, default="")
