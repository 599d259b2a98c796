"""Everything that apprise knows: Slack, Teams, PagerDuty, Telegram, SMS and more."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from keepwell.core.errors import MissingExtraError
from keepwell.core.records import Delivery
from keepwell.operations.alerts.channels.base import TIMEOUT, UndeliveredError

_TYPES = {"critical": "failure", "warning": "warning", "info": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Apprise:
    """Sends by apprise's addresses."""

    to: tuple[str, ...]

    def send(self, message: Delivery) -> str:
        """Send the message to every address.

        Raises:
            MissingExtraError: If apprise is not installed.
        """
        try:
            import apprise
        except ImportError:
            raise MissingExtraError("the channel kind `apprise`", extra="notify") from None
        kind = "success" if message.kind == "resolved" else _TYPES.get(message.severity, "info")
        for number, url in enumerate(self.to, 1):
            timeouts = "&" if "?" in url else "?"
            whole = f"{url}{timeouts}cto={TIMEOUT:g}&rto={TIMEOUT:g}"
            service = apprise.Apprise.instantiate(whole)
            if service is None:
                raise UndeliveredError(f"apprise does not understand address {number}")
            with _heard() as said:
                taken = service.notify(title=message.title, body=message.body, notify_type=kind)
            if not taken:
                raise UndeliveredError("; ".join(said) or "apprise could not hand it over")
        return f"taken by {len(self.to)} address(es)"


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    """Gather what apprise logs while it sends: the only place where it says why it failed."""
    said: list[str] = []
    here = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == here:
                said.append(record.getMessage())

    ear, log = Ear(logging.WARNING), logging.getLogger("apprise")
    log.addHandler(ear)
    log.propagate = False  # for good: an address must not reach the log
    try:
        yield said
    finally:
        log.removeHandler(ear)
