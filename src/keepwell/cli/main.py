"""The entry point: answers at once where nothing changed, else finds the command; answers for its end."""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command that was typed, and leave with its exit code.

    The process ends without Python's teardown: everything of ours is closed by then, and native
    libraries whose threads still run have been seen to abort in it, after the answer was given.
    """
    code = run(sys.argv[1:])
    if "logging" in sys.modules:
        sys.modules["logging"].shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # the reader left, or the stream is closed
            stream.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    words = list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="replace"
            )  # a terminal that knows no '→' is no reason to fail
    try:
        code = _answer_at_once(words)
        if code is None:
            code = _call(words)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (the one boundary to the user)
        from keepwell.cli.failures import report

        return report(error, words)
    return code


def _call(words: list[str]) -> int:
    from keepwell.cli.application import call
    from keepwell.cli.failures import INTERRUPTED
    from keepwell.core.events import acting_as

    with acting_as(f"user:{_login()}"):
        code = call(words)
    if code == INTERRUPTED:  # Typer has caught it
        raise KeyboardInterrupt
    return code


def _answer_at_once(words: list[str]) -> int | None:
    """Answer `run` where nothing changed since the last one, before Typer is even loaded.

    None where that is not so, or where `words` say more than the plainest `run`.
    """
    match [word for word in words if word != "--json"]:
        case ["run"]:
            start = Path()
        case ["run", "-C" | "--project", folder]:
            start = Path(folder)
        case _:
            return None
    start = start.resolve()
    root = next((f for f in (start, *start.parents) if (f / "keepwell.yaml").is_file()), None)
    if root is None:
        return None
    from keepwell.operations.build.shortcut import unchanged

    document = unchanged(root)
    if document is None:
        return None
    from keepwell.cli.output import Output
    from keepwell.cli.tables.build import answer_run

    out = Output(as_json="--json" in words)
    if not out.as_json:
        out.note("nothing changed since the last run")
    return answer_run(out, document)


def _login() -> str:
    """Return who is at the keyboard, for the record."""
    try:
        return os.environ.get("USER") or os.getlogin()
    except OSError:  # a process without a terminal and without an account
        return str(os.getuid())
