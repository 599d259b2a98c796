"""The listening socket: opened once, or refused in words that help."""

import errno
import ipaddress
import socket

from keepwell.core.errors import BusyError, UsageError

BACKLOG = 2048
_TRIES = 50


def listen(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """Return a socket that listens on `host:port`.

    Args:
        host: Address or name to bind.
        port: Port; 0 for any free one.
        allow_remote: Take an address that other machines can reach. There is no login yet.

    Raises:
        UsageError: If the host is not this machine's loopback, or no address at all.
        BusyError: If the port is taken: says by whom, and which one is free.
    """
    if not allow_remote and not is_loopback(host):
        raise UsageError(
            f"'{host}' can be reached from other machines",
            why="there is no login yet, so everybody who reaches the port could do everything",
            now="use 127.0.0.1 with a reverse proxy that asks for a login in front of it",
        )
    try:
        return _bind(host, port)
    except socket.gaierror as error:
        raise UsageError(f"'{host}' is not an address of this machine", why=str(error)) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _taken(host, port) from error
        raise UsageError(
            f"cannot listen on {host}:{port}",
            why=error.strerror or str(error),
            now="choose an address of this machine, and a port from 1024 to 65535",
        ) from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _taken(host: str, port: int) -> BusyError:
    who = _holder(port)
    free = _next_free(host, port)
    return BusyError(
        f"port {port} is taken" + (f" by {who}" if who else ""),
        why=f"something else listens on {host}:{port}" if who else "its process is another user's",
        now=f"port {free} is free: set `serve: {{port: {free}}}`"
        if free
        else "choose another port",
        details={"port": port, "process": who, "free": free},
    )


def _holder(port: int) -> str:
    """Return name and number of the process that listens on a port; empty if it cannot be told."""
    import psutil

    try:
        for connection in psutil.net_connections(kind="tcp"):
            address = connection.laddr
            listens = connection.status == psutil.CONN_LISTEN and address and address.port == port
            if listens and connection.pid:
                process = psutil.Process(connection.pid)
                command = " ".join(process.cmdline())[:80]
                return f"process {connection.pid} ({command or process.name()})"
    except psutil.Error:
        return ""
    return ""


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + _TRIES, 65536)):
        try:
            _bind(host, candidate).close()
        except OSError:
            continue
        return candidate
    return 0
