"""A small issue tracker on the loopback interface, in the forms of GitHub, GitLab and Jira."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Issues:
    """What was opened, and what was said about it."""

    port: int = 0
    opened: list[dict[str, Any]] = field(default_factory=list)
    comments: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lose: int = 0
    """Answers that get lost: the issue is opened, and nobody is told."""


@contextmanager
def issue_tracker() -> Iterator[Issues]:
    """Take issues and comments, and find issues again."""
    issues = Issues()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = parse_qs(urlsplit(self.path).query)
            if "/search" in self.path:  # Jira finds by label
                mark = wanted["jql"][0].removeprefix("labels = ")
                found = [
                    {"key": f"OPS-{at}"}
                    for at, one in enumerate(issues.opened, 1)
                    if mark in one["fields"]["labels"]
                ]
                self._say(200, {"issues": found})
                return
            self._say(
                200, [{**one, "number": at, "iid": at} for at, one in enumerate(issues.opened, 1)]
            )

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            document = json.loads(self.rfile.read(size))
            issues.headers.append({name.lower(): value for name, value in self.headers.items()})
            if self.path.rpartition("/")[2] in ("comments", "notes", "comment"):
                issues.comments.append((self.path, document))
                self._say(201, {})
                return
            issues.opened.append(document)
            number = len(issues.opened)
            if issues.lose:
                issues.lose -= 1
                self._say(502, {})
                return
            self._say(201, {"number": number, "iid": number, "key": f"OPS-{number}"})

        def _say(self, status: int, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issues.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield issues
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
