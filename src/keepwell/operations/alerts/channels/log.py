"""The log of the control process: there without any channel."""

import logging
from dataclasses import dataclass

from keepwell.core.records import Delivery

_log = logging.getLogger("keepwell.alerts")
_LEVELS = {"critical": logging.ERROR, "warning": logging.WARNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Writes a line; the console and `keepwell alerts` show the same."""

    def send(self, message: Delivery) -> str:
        """Write the message."""
        level = logging.INFO if message.kind == "resolved" else _LEVELS.get(message.severity, 20)
        _log.log(level, "%s | %s", message.title, " | ".join(message.body.splitlines()))
        return "written"
