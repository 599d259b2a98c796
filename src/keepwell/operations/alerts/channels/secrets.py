"""Secrets in addresses: filled in when something is sent, taken out of whatever is said about it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from keepwell.core.errors import UsageError

_PLACE = re.compile(r"\$(?:\{file:([^}]+)\}|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
HIDDEN = "***"
_LEAST = 3  # shorter texts are no secrets, and hiding them would garble everything


def fill_in(text: str) -> str:
    """Return `text` with `$NAME`, `${NAME}` and `${file:PATH}` replaced by what they stand for.

    Raises:
        UsageError: If a variable is not set or a file cannot be read; names it, and no value.
    """
    return _PLACE.sub(lambda found: _value(found[1] or "", found[2] or found[3] or ""), text)


def _value(file: str, name: str) -> str:
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError(
                f"the secret file {file} cannot be read",
                why="a channel of `alerts:` names it",
                now="write it, or correct the channel in keepwell.yaml",
            ) from None
    if name not in os.environ:
        raise UsageError(
            f"the environment variable {name} is not set",
            why="a channel of `alerts:` names it",
            now=f"set it where keepwell up is started: export {name}=…",
        )
    return os.environ[name]


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without any of the secrets, nor the parts of addresses that may be one."""
    for secret in sorted(_parts(secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _parts(secrets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for secret in secrets:
        found.add(secret)
        try:
            address = urlsplit(secret)
            pieces = [address.password or "", address.username or "", address.query]
        except ValueError:
            continue
        if address.scheme:  # tokens of chat services stand in the path
            pieces += [address.path.strip("/"), *address.path.split("/")]
            pieces += (
                [address.netloc] if address.scheme not in ("http", "https", "smtp", "smtps") else []
            )
        found |= {one for piece in pieces if piece for one in (piece, unquote(piece), quote(piece))}
    return {one for one in found if len(one) > _LEAST}
