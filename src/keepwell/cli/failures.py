"""How a command ends badly: three beats for the user, the traceback in a file."""

import itertools
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keepwell.core.errors import KeepwellError, UsageError

INTERRUPTED = 130


def report(error: BaseException, words: Sequence[str]) -> int:
    """Tell the user what went wrong and return the exit code; `words` is what they typed."""
    as_json = "--json" in words
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):  # `keepwell runs | head`: the reader had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    known = _as_known(error)
    if known is None:
        known = _unexpected(error, words)
    print_beats(known)
    if as_json:
        print(json.dumps({"error": known.as_dict()}, ensure_ascii=False, default=str))
    return known.exit_code


def print_beats(error: KeepwellError) -> None:
    """Tell an error on standard error: what, why, and what to do now."""
    bold, dim, cyan, red, off = (
        ("\033[1m", "\033[2m", "\033[36m", "\033[31m", "\033[0m")
        if sys.stderr.isatty() and "NO_COLOR" not in os.environ
        else ("",) * 5
    )
    lines = [f"{red}✗{off} {bold}{error.what}{off}"]
    lines += [f"  {dim}{line}{off}" for line in error.why.splitlines()]
    lines += [f"  {cyan}→ {line}{off}" for line in error.now.splitlines()]
    print("\n".join(lines), file=sys.stderr)


def _as_known(error: BaseException) -> KeepwellError | None:
    if isinstance(error, KeepwellError):
        return error
    if hasattr(error, "format_message"):  # Typer's own; where the class lives differs by version
        return _usage(error)
    return None


def _usage(error: Any) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "keepwell"
    usage = context.get_usage() if context is not None else ""
    message = error.format_message().strip().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], why=usage, now=f"{path} --help")


def _unexpected(error: BaseException, words: Sequence[str]) -> KeepwellError:
    reason = " ".join(str(error).split())[:300]
    saved = _save_traceback(error, words)
    return KeepwellError(
        f"{type(error).__name__}: {reason}" if reason else type(error).__name__,
        why="this is a mistake in Keepwell, or something it does not expect of this machine",
        now=f"the whole story is in {saved}; please send it along with a report" if saved else "",
    )


def _save_traceback(error: BaseException, words: Sequence[str]) -> Path | None:
    text = f"keepwell {' '.join(words)}\n\n" + "".join(traceback.format_exception(error))
    for folder in (_logs(words), Path(tempfile.gettempdir()) / "keepwell-logs"):
        if folder is None:
            continue
        path = folder / f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError:
            continue
        return path
    return None


def _logs(words: Sequence[str]) -> Path | None:
    """Return where the project that the command was about keeps its logs."""
    named = [after for word, after in itertools.pairwise(words) if word in ("-C", "--project")]
    start = Path(named[-1] if named else ".").resolve()
    homes = (folder / ".keepwell" for folder in (start, *start.parents))
    return next((home / "logs" for home in homes if home.is_dir()), None)
