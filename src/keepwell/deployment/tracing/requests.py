"""Requests that are traced: who wants it, and their stages as steps of a trace.

A request is traced if it bears `x-keepwell-trace: 1`, or a `traceparent` whose caller records it (the flag
`01`); of the latter a few a second, so that a client that records everything slows nobody down. Its stages
are written to the files that `kw.monitor.trace` writes to, too.
"""

import hashlib
import logging
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepwell.core.errors import KeepwellError
from keepwell.deployment.tracing.stages import Stages
from keepwell.infrastructure.segments import SegmentWriter, encode_entry

HEADER = b"x-keepwell-trace"
TELLER = "keepwell.worker"
"""Who tells the steps of requests: what applications tell has another name."""

A_SECOND = 20
"""Requests of recording clients that a worker traces in a second."""

_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_RECORDED = 0x01

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Context:
    """What the headers of a request say of its trace; empty where they say nothing.

    Attributes:
        trace: 32 hexadecimal digits.
        parent: The step that the request is part of, 16 hexadecimal digits.
        wanted: Its stages are to be measured.
    """

    trace: str = ""
    parent: str = ""
    wanted: bool = False


class Sampling:
    """Lets so many through in a second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._second = 0
        self._left = most

    def admits(self) -> bool:
        """Tell whether one more may be traced now."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._left = second, self._most
        self._left -= 1
        return self._left >= 0


_sampling = Sampling(A_SECOND)
_NOTHING = Context()


def context_of(headers: dict[bytes, bytes]) -> Context:
    """Return what headers say of a trace (https://www.w3.org/TR/trace-context/)."""
    given = headers.get(b"traceparent")
    asked = headers.get(HEADER)
    if given is None and asked is None:
        return _NOTHING
    found = _PARENT.match(given) if given else None
    wanted = asked == b"1"
    if found is None:
        return Context(trace=secrets.token_hex(16), wanted=True) if wanted else _NOTHING
    if not wanted and asked is None and int(found[3], 16) & _RECORDED:
        wanted = _sampling.admits()
    return Context(trace=found[1].decode(), parent=found[2].decode(), wanted=wanted)


def span_id(request: str) -> str:
    """Return the id of the step that a request is: the same wherever it is told."""
    return hashlib.blake2b(request.encode(), digest_size=8).hexdigest()


class StageLog:
    """Writes the stages of traced requests, as steps, where the control process finds them.

    Args:
        folder: Where programs beside the workspace log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SegmentWriter | None = None

    def tell(self, *, about: dict[str, Any], stages: Stages) -> None:
        """Write a request and its stages; one that cannot be written is told in the log, and forgotten.

        Args:
            about: `app`, `trace`, `parent`, `request`, `error` and `attributes`.
            stages: What was measured.
        """
        request = about.pop("request")
        root, begun = span_id(request), time.time() - stages.seconds
        shared = {"app": about["app"], "trace": about["trace"], "caller": TELLER}
        steps = [
            {
                **shared,
                **{name: value for name, value in about.items() if value},
                "id": root,
                "name": f"predict {about['app']}",
                "kind": "server",
                "time": begun,
                "ms": stages.seconds * 1000,
            },
            *(
                {
                    **shared,
                    "id": span_id(f"{request}/{at}"),
                    "parent": root,
                    "name": name,
                    "kind": "span",
                    "time": begun + start,
                    "ms": (end - start) * 1000,
                }
                for at, (name, start, end) in enumerate(stages.marks)
            ),
        ]
        frames = [encode_entry({"endpoint": "", "span": step}) for step in steps]
        try:
            if self._writer is None:
                self._writer = SegmentWriter.claim(self._folder, "stages")
            self._writer.append_all(frames)
        except (KeepwellError, OSError):
            _logger.exception("the stages of %s are not kept", request)

    def close(self) -> None:
        """Let go of the file."""
        if self._writer is not None:
            self._writer.close()
