"""The token by which we ask our own endpoints, where nobody is answered without one.

It lies in the workspace's folder, readable by its owner alone, is told to the workers by its digest like any
other, and allows nothing but predictions.
"""

import contextlib
import os
import secrets
from pathlib import Path

from keepwell.core.records import Token
from keepwell.core.spec import ServeSpec
from keepwell.governance.tokens import digest_of

_NAME = "probe"


def probe_token(home: Path, serve: ServeSpec) -> str:
    """Return the token of a workspace; the first to ask makes it. Empty where none is required."""
    if serve.tokens != "required":
        return ""
    path = home / "run" / "probe.token"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        with open(fresh, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # somebody else was first
            os.link(fresh, path)
        fresh.unlink()
    return f"kw_{_NAME}_{path.read_text()}"


def known_by(text: str) -> Token:
    """Return what the workers are told of it."""
    return Token(id=_NAME, name=_NAME, digest=digest_of(text.rpartition("_")[2]))
