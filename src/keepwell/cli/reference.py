"""The reference of the command line, written from the commands themselves.

`python -m keepwell.cli.reference > docs/reference/cli.md` brings the page up to date; a test compares.
"""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer

from keepwell.cli.application import PANELS, app

HEAD = """\
# The command line

Every command takes `--help` and says there what it does, with an example. What they have in common:

- **`--json`** prints exactly one JSON document on standard output. Progress, warnings and errors go to
  standard error. A command that fails prints `{"error": {…}}` with `what`, `why` and `now`.
- **`--project DIR`**, `-C DIR` names the project's folder, or one inside it; by default the current one.
- **Exit codes**: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
- In a terminal there are tables, colours and progress; in a pipe plain text.
- An error says what, why and what now. An unexpected one is one line; its traceback is kept in
  `.keepwell/logs/`.
"""


def render() -> str:
    """Return the page."""
    root: Any = typer.main.get_command(app)
    context = root.context_class(root, info_name="keepwell")
    lines = [HEAD]
    for panel, names in PANELS.items():
        lines.append(f"## {panel}\n")
        for name in names:
            lines += _command(f"keepwell {name}", root.get_command(context, name), depth=3)
    return "\n".join(lines).rstrip() + "\n"


def _command(path: str, command: Any, depth: int) -> Iterator[str]:
    if command.hidden:
        return
    yield f"{'#' * depth} `{path}`\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    subcommands = getattr(command, "commands", None)
    if subcommands:
        for name, item in subcommands.items():
            yield from _command(f"{path} {name}", item, depth + 1)
        return
    rows = [_row(item) for item in command.params if item.name not in ("project", "as_json")]
    if rows:
        yield "| argument or option | meaning |\n|---|---|"
        yield "\n".join(rows) + "\n"
    yield f"```\n{_examples(command)}\n```\n"


def _row(item: Any) -> str:
    if item.param_type_name == "argument":
        name = item.metavar or item.name.upper()
        name = name if item.required or name.startswith("[") else f"[{name}]"
    else:
        name = ", ".join(item.opts)
    default = item.default
    shown = "" if default in (None, "", False) or callable(default) else f" (default `{default}`)"
    return f"| `{name}` | {item.help or ''}{shown} |"


def _examples(command: Any) -> str:
    plain = re.sub(r"\[/?(?:bold|cyan)\]", "", command.epilog or "")
    lines = [line.strip() for line in plain.splitlines()]
    return "\n".join(line for line in lines if line.startswith(("keepwell", "cd ")))


if __name__ == "__main__":
    print(render(), end="")
