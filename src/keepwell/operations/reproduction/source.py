"""The code of a run, brought back into a folder of its own; the user's repository stays untouched."""

import os
import subprocess
from pathlib import Path

from keepwell.core.records import CodeVersion

_SECONDS = 120.0
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def restore(root: Path, code: CodeVersion, diff: bytes, into: Path) -> tuple[Path | None, str]:
    """Return the project's folder as it was, and how that went in words.

    Args:
        root: The project's folder of today.
        code: The commit that ran.
        diff: What was not committed then.
        into: An absent folder.
    """
    if not code.commit:
        return None, "the project was in no Git repository then"
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None:
        return None, f"commit {code.commit[:12]} ran, but {root} is in no Git repository now"
    base = Path(os.fsdecode(top.removesuffix(b"\n")))
    if _git(base, "clone", "-q", "--shared", "--no-checkout", str(base), str(into)) is None:
        return None, f"the repository {base} could not be copied"
    if _git(into, "checkout", "-q", "--detach", code.commit) is None:
        return None, f"commit {code.commit[:12]} is not in the repository any more"
    if diff and _git(into, "apply", "--whitespace=nowarn", "-", given=diff) is None:
        return None, f"what was not committed on top of {code.commit[:12]} does not apply"
    if code.dirty and not diff:
        return into, f"commit {code.commit[:12]}; what was not committed then was not kept"
    extra = " with what was not committed then" if diff else ""
    folder = into / root.resolve().relative_to(base.resolve())
    return folder, f"commit {code.commit[:12]}{extra}"


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=given,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            env={**os.environ, **_QUIET},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
