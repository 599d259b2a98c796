"""Is somebody serving this workspace, and where?

Who serves holds the lock `.keepwell/run/up.lock` for as long as the process lives, whatever its end.
The address is in a file beside it, which means nothing without the lock.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.locks import exclusive, holder

LOCK = Path("run") / "up.lock"
ADDRESS = Path("run") / "up.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a workspace is served."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The console's address."""
        return f"http://{self.host}:{self.port}"


@contextlib.contextmanager
def presence(home: Path) -> Iterator[Callable[[Address], None]]:
    """Be the one who serves the workspace in `home` for the length of the block.

    Yields:
        What to call with the address, once there is one.

    Raises:
        BusyError: If another process serves it.
    """

    def announce(address: Address) -> None:
        write_atomic(home / ADDRESS, json.dumps(asdict(address)).encode())

    with exclusive(home / LOCK, "keepwell up", timeout=0):
        (home / ADDRESS).unlink(missing_ok=True)
        yield announce


def is_up(home: Path) -> bool:
    """Tell whether some process serves the workspace in `home`."""
    return holder(home / LOCK) is not None


def address_of(home: Path) -> Address | None:
    """Return where the workspace in `home` is served, None if it is not."""
    if not is_up(home):
        return None
    try:
        return Address(**json.loads((home / ADDRESS).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
