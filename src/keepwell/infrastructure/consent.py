"""Which pickled models this workspace may load: those that its project asked for, by digest.

A pickle runs code when it is loaded. So one is loaded only if its digest stands in the workspace's
`trusted-code.json`, which is written when the project file names the user's code and Keepwell trained it
here, or when a person says `keepwell models trust`. A bundle from elsewhere brings no consent with it.
"""

import hashlib
import json
from pathlib import Path

from keepwell.core.errors import IntegrityError
from keepwell.infrastructure.files import write_atomic

FILE = "trusted-code.json"

_homes: set[Path] = set()


def look_in(home: Path) -> None:
    """Let this process load what the workspace in `home` trusts."""
    _homes.add(home)


def grant(home: Path, data: bytes, what: str) -> str:
    """Trust a pickle in a workspace; return its digest.

    Args:
        home: The workspace's folder.
        data: The pickle.
        what: What it is, for whoever reads the file.
    """
    digest = hashlib.sha256(data).hexdigest()
    trusted = _read(home)
    if digest not in trusted:
        home.mkdir(parents=True, exist_ok=True)
        document = json.dumps(trusted | {digest: what}, indent=2, sort_keys=True)
        write_atomic(home / FILE, document.encode())
    look_in(home)
    return digest


def must_be_trusted(data: bytes, what: str) -> None:
    """Refuse a pickle that no workspace of this process trusts.

    Raises:
        IntegrityError: Says how to trust it.
    """
    digest = hashlib.sha256(data).hexdigest()
    if not any(digest in _read(home) for home in _homes):
        raise IntegrityError(
            f"{what} is Python code of its maker's, which this workspace does not trust",
            why=f"loading it runs that code; its digest {digest[:12]}… is not in {FILE}",
            now="read the code that comes with it, then: keepwell models trust VERSION",
            details={"digest": digest},
        )


def _read(home: Path) -> dict[str, str]:
    try:
        found = json.loads((home / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
