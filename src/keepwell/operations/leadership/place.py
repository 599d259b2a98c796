"""Which control process this is: the same word from the same folder on the same boot of the same machine."""

import hashlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a control process runs.

    Attributes:
        key: The same for whoever serves this folder on this boot of this machine. At most one process at
            a time does, by the lock in `presence`; so a lease of the same key is that of a dead process.
        told: For people: machine, process, address.
    """

    key: str
    told: str

    @classmethod
    def here(cls, home: Path, url: str = "") -> Self:
        """Return the place of this process, which holds the presence lock of `home`.

        Copies of a folder, containers with the same name, and a machine after its next boot are other places:
        there the lock proves nothing about each other's processes.
        """
        home.mkdir(parents=True, exist_ok=True)
        host, folder = socket.gethostname(), home.resolve()
        found = folder.stat()
        boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        marks = (host, boot, str(folder), str(found.st_dev), str(found.st_ino))
        key = hashlib.sha256("\0".join(marks).encode()).hexdigest()[:24]
        at = f", {url}" if url else ""
        return cls(key=key, told=f"{host} (process {os.getpid()}{at})")
