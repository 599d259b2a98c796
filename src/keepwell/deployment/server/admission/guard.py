"""Pages of other sites must not ask for predictions in a visitor's name, or make up traffic."""

import ipaddress
from functools import lru_cache

from keepwell.core.errors import UsageError
from keepwell.deployment.server.messages import Request


class StrangerError(UsageError):
    """A page of another site, or a name that is not ours."""

    headline = "Not from there"
    http_status = 403


def refuse_strangers(request: Request) -> None:
    """Refuse what a browser says comes from another site, or for a host name that loopback has not.

    Raises:
        StrangerError: Says which of the two.
    """
    headers = request.headers
    if headers.get(b"sec-fetch-site") == b"cross-site":
        raise StrangerError(
            "a page of another site asked for a prediction",
            why="there is no login here, so pages of other sites are not answered",
            now="ask from a program, or from the console",
        )
    host, bound = headers.get(b"host", b""), request.server
    if host and bound and _is_loopback(bound) and not _is_ours(host):
        raise StrangerError(
            f"this server does not go by the name {host.decode('latin-1')!r}",
            why="it listens on this machine only",
            now="ask localhost",
        )


@lru_cache(maxsize=256)
def _is_ours(host: bytes) -> bool:
    name = host.decode("latin-1").lower()
    name = name.partition("]")[0].strip("[") if name.startswith("[") else name.partition(":")[0]
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
