"""E-mail, by the standard library."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from keepwell.core.records import Delivery
from keepwell.operations.alerts.channels.base import TIMEOUT, UndeliveredError

_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """Sends by a mail server: `smtps://` is encrypted from the start, `smtp://` as soon as the server can.

    Who logs in does so only over an encrypted connection, or to this machine.
    """

    to: tuple[str, ...]
    server: str
    sender: str

    def send(self, message: Delivery) -> str:
        """Send the message."""
        address = urlsplit(self.server)
        if address.scheme not in _PORTS or not address.hostname:
            raise UndeliveredError("a mail server's address begins with smtp:// or smtps://")
        try:
            self._send(address.scheme, address.hostname, letter(message, self.sender, self.to))
        except (OSError, smtplib.SMTPException) as error:
            raise UndeliveredError(f"{type(error).__name__}: {error}") from None
        return f"taken by {address.hostname} for {len(self.to)}"

    def _send(self, scheme: str, host: str, mail: EmailMessage) -> None:
        address = urlsplit(self.server)
        port = address.port or _PORTS[scheme]
        if scheme == "smtps":
            context = ssl.create_default_context()
            opened: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        else:
            opened = smtplib.SMTP(host, port, timeout=TIMEOUT)
        with opened as server:
            server.ehlo()
            encrypted = scheme == "smtps"
            if not encrypted and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
                encrypted = True
            if address.username:
                if not encrypted and host not in ("localhost", "127.0.0.1", "::1"):
                    raise UndeliveredError(
                        "the mail server does not encrypt: no password is sent to it"
                    )
                server.login(unquote(address.username), unquote(address.password or ""))
            refused = server.send_message(mail)
        if refused:
            raise UndeliveredError(f"the server refused {', '.join(sorted(refused))}")


def letter(message: Delivery, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return the message as a letter; its id is that of the delivery, so that a second one is known."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.title.split())
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Date"] = formatdate(message.created)
    mail["Message-ID"] = f"<{message.id.replace('/', '.')}@keepwell>"
    if message.alert:
        mail["References"] = f"<{message.alert}@keepwell>"
    mail.set_content(message.body)
    return mail
