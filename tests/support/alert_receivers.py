"""Receivers of alerts on the loopback interface: a web server, and a small mail server."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """What came, and what is answered."""

    port: int = 0
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    held: threading.Event | None = None

    @property
    def documents(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]


@contextmanager
def web_server() -> Iterator[Received]:
    """Take whatever is posted."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if received.held is not None:
                received.held.wait(20)
            size = int(self.headers.get("content-length", 0))
            received.bodies.append(self.rfile.read(size))
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(received.status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mail_server(host: str = "127.0.0.1") -> Iterator[Received]:
    """Take every letter, as far as SMTP asks."""
    received = Received(status=250)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 loopback\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper().strip()
                if word == b"EHLO":
                    self.wfile.write(b"250-loopback\r\n250 AUTH PLAIN LOGIN\r\n")
                elif word == b"AUTH":
                    received.headers.append({"auth": line.decode().strip()})
                    self.wfile.write(b"235 welcome\r\n")
                elif word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    letter = b""
                    while (row := self.rfile.readline()) not in (b".\r\n", b""):
                        letter += row
                    received.bodies.append(letter)
                    self.wfile.write(f"{received.status} said\r\n".encode())
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    server = socketserver.ThreadingTCPServer((host, 0), Handler)
    server.daemon_threads = True
    received.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
