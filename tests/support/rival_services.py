"""Services that rivals are: one that answers instances, one that speaks as OpenAI does. On loopback."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Judge = Callable[[Mapping[str, Any]], str]


@contextmanager
def rivals(judge: Judge, seen: list[Any] | None = None) -> Iterator[str]:
    """Serve both; what was asked, with the headers, goes to `seen`. Yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if seen is not None:
                seen.append((self.path, given, dict(self.headers)))
            if self.path == "/v1/chat/completions":
                row = json.loads(given["messages"][-1]["content"])
                said: Any = {
                    "choices": [{"message": {"content": f" {judge(row).upper()}.\n"}}],
                    "usage": {"prompt_tokens": 100, "completion_tokens": 2},
                }
            elif self.path == "/predict":
                said = {"predictions": [judge(row) for row in given["instances"]]}
            else:
                said = {"detail": "nothing here"}
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
