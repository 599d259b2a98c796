"""A request to an address, with a signed JSON document."""

import hashlib
import hmac
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from keepwell.core.records import Delivery
from keepwell.operations.alerts.channels.base import TIMEOUT, UndeliveredError

SIGNATURE = "x-keepwell-signature"
_GOOD = range(200, 300)
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Posts to an address; a redirect is not followed, for it might lead anywhere.

    With a secret, `x-keepwell-signature: t=SECONDS,v1=HEX` holds the HMAC-SHA256 of `SECONDS.BODY`.
    """

    url: str
    secret: str = ""

    def send(self, message: Delivery) -> str:
        """Post the message."""
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise UndeliveredError("a webhook's address begins with http:// or https://")
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        connection = kinds[address.scheme](address.hostname, address.port, timeout=TIMEOUT)
        body = json.dumps(document(message), ensure_ascii=False).encode()
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        try:
            connection.request("POST", path, body, self._headers(message, body))
            answer = connection.getresponse()
            said = answer.read(_SHOWN).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise UndeliveredError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()
        if answer.status not in _GOOD:
            raise UndeliveredError(f"it answered {answer.status}: {' '.join(said.split())}")
        return f"HTTP {answer.status}"

    def _headers(self, message: Delivery, body: bytes) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "user-agent": "keepwell",
            "idempotency-key": message.id,
        }
        if self.secret:
            headers[SIGNATURE] = sign(self.secret, body, int(time.time()))
        return headers


def sign(secret: str, body: bytes, moment: int) -> str:
    """Return the signature of a body sent at a time.

    >>> sign("s", b"{}", 1)[:16]
    't=1,v1=b253639bc'
    """
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"


def document(message: Delivery) -> dict[str, Any]:
    """Return the message as JSON says it."""
    return {
        "id": message.id,
        "kind": message.kind,
        "severity": message.severity,
        "title": message.title,
        "body": message.body,
        "endpoint": message.endpoint,
        "alert": message.alert,
        "incident": message.incident,
        "link": message.link,
        "time": message.created,
    }
