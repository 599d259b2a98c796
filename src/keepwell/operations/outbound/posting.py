"""Posts to other systems, within seconds or not at all."""

import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping

from keepwell.core.errors import UnavailableError, UsageError

SECONDS = 5.0
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


def post(url: str, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
    """Post a body.

    Raises:
        UnavailableError: If it was not taken; says what was answered.
    """
    every = {"content-type": kind, "user-agent": "keepwell", **headers}
    request = urllib.request.Request(url, body, every)  # noqa: S310 (http(s): the project file sees to it)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            answer.read(1024)
    except urllib.error.HTTPError as error:
        said = error.read(300).decode("utf-8", "replace").strip()
        raise UnavailableError(f"{url} answered {error.code}", why=said) from error
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{url} cannot be reached", why=str(error)) from error


def resolved(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with what stands in the environment in place of its name.

    Raises:
        UsageError: If there is no such variable.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise UsageError(
                f"monitor.export: the environment has no '{name}'",
                why="a header of the project file stands for it",
                now=f"export {name}=… before keepwell up",
            )
        return os.environ[name]

    return {name: _VARIABLE.sub(value_of, value) for name, value in headers.items()}
