"""How a job's process ended that left no result: in words, and whether to try the same again."""

import errno
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.errors import KeepwellError

NO_ROOM = 28
"""Exit code of a job that could not write down how it ended: the disk is full, its log as well."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_COUNTS = Path("/proc/vmstat")
_TAIL = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a process ended.

    Attributes:
        told: In words.
        final: The same would happen again.
    """

    told: str
    final: bool = False


def wants_room(error: BaseException) -> bool:
    """Tell whether an error says that a disk is full."""
    if isinstance(error, KeepwellError):
        return error.details.get("errno") in [errno.errorcode[number] for number in _NO_ROOM]
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def kills_so_far() -> int:
    """Return how many processes this machine's kernel has killed for want of memory; 0 if it does not say."""
    try:
        found = re.search(r"^oom_kill (\d+)$", _COUNTS.read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


def ending_of(code: int, log: Path, kills: int) -> Ending:
    """Return what an exit code means.

    Args:
        code: As `subprocess` gives it: the negative number of the signal that ended it.
        log: What the process printed.
        kills: Processes that the kernel killed for want of memory meanwhile.
    """
    if code == -signal.SIGKILL and kills > 0:
        return Ending(told="the machine ran out of memory, and the kernel killed it", final=True)
    if code == NO_ROOM:
        told = "the disk was full: No space left on device, not even to write down how it ended"
        return Ending(told=told, final=True)
    if code < 0:
        return Ending(told=f"its process was ended by {_name(-code)}")
    last = _last_line(log)
    said = f": {last}" if last else ""
    return Ending(told=f"its process ended with code {code} and left no result{said}", final=True)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""
