"""Lines of JSON, appended to a file or posted."""

from collections.abc import Mapping
from pathlib import Path

from keepwell.core.errors import StorageError
from keepwell.operations.outbound.bundle import Bundle
from keepwell.operations.outbound.forms import lines_of
from keepwell.operations.outbound.posting import post, resolved

MOST_BYTES = 64 << 20
"""A file that is larger is renamed to `….1`, in place of the one before it, and begun anew."""
AT_ONCE = 500


class FileReceiver:
    """Appends lines to a file, from where an agent of the receiver's takes them.

    Args:
        path: The file.
        form: How a line is laid out.
        most_bytes: How large it may become.
    """

    def __init__(self, path: Path, form: str, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._form = form
        self._most_bytes = most_bytes

    def send(self, bundle: Bundle) -> None:
        """Append everything.

        Raises:
            StorageError: If the disk refuses.
        """
        data = "".join(f"{line}\n" for line in lines_of(bundle, self._form)).encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size + len(data) > self._most_bytes:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            with self._path.open("ab") as file:
                file.write(data)
        except OSError as error:
            raise StorageError(
                f"nothing can be appended to {self._path}",
                why=error.strerror or str(error),
                now="free some space, or name another file under monitor.export",
            ) from error


class PostReceiver:
    """Posts lines, 500 at once: Splunk's HTTP Event Collector, or anything that takes JSON lines.

    Args:
        url: Where to.
        form: How a line is laid out.
        headers: What is sent along; `$NAME` stands for a variable of the environment.
    """

    def __init__(self, url: str, form: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._form = form
        self._headers = dict(headers)

    def send(self, bundle: Bundle) -> None:
        """Post everything.

        Raises:
            UnavailableError: If it is not taken.
        """
        headers = resolved(self._headers)
        kind = "application/json" if self._form == "splunk" else "application/x-ndjson"
        lines = list(lines_of(bundle, self._form))
        for first in range(0, len(lines), AT_ONCE):
            post(self._url, "\n".join(lines[first : first + AT_ONCE]).encode(), kind, headers)
