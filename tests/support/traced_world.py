"""A workspace that is told traces of language models."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from keepwell.core.clock import ManualClock
from keepwell.workspace import Workspace

NOW = 1_800_000_000.0
APP = "helpdesk"
HEAD = "project: shop\ndata: {source: shop.csv, target: churn}\n"
PRICES = "costs:\n  models:\n    gpt-4o-mini: {input: 0.15, output: 0.6, cached: 0.075}\n"


def tracing(root: Path, text: str = PRICES, clock: ManualClock | None = None) -> Workspace:
    """Return a new workspace with a project file."""
    root.mkdir(exist_ok=True)
    (root / "keepwell.yaml").write_text(HEAD + text)
    return Workspace.open(root, clock=clock or ManualClock(NOW))


def trace_id(at: int) -> str:
    """Return the id of a made trace."""
    return f"{at + 1:032x}"


def request(
    at: int, *, ms: float = 800.0, error: str = "", now: float = NOW, **fields: Any
) -> list[dict[str, Any]]:
    """Return a request of three steps: all of it, a search, a call of a model."""
    begun = now - 600 + at
    trace = trace_id(at)
    call = {
        "app": APP, "trace": trace, "id": f"{3 * at + 3:016x}", "parent": f"{3 * at + 1:016x}",
        "name": "answer", "kind": "llm", "model": "gpt-4o-mini-2024-07-18", "time": begun + 0.1,
        "ms": ms - 150, "first_token_ms": 90.0, "input": [{"role": "user", "content": f"question {at}"}],
        "output": f"answer {at}", "input_tokens": 1000, "output_tokens": 200, "cached_tokens": 400,
        "error": error,
    }  # fmt: skip
    return [
        {
            "app": APP, "trace": trace, "id": f"{3 * at + 1:016x}", "name": "respond",
            "kind": "chain", "time": begun, "ms": ms, "input": f"question {at}",
            "output": "" if error else f"answer {at}", "user": f"user-{at % 3}",
            "session": f"session-{at % 2}", "error": error,
        },
        {
            "app": APP, "trace": trace, "id": f"{3 * at + 2:016x}", "parent": f"{3 * at + 1:016x}",
            "name": "search", "kind": "retrieval", "time": begun + 0.01, "ms": 60.0,
            "input": f"question {at}", "output": ["a page"],
        },
        {**call, **fields},
    ]  # fmt: skip


@contextmanager
def openai_like(
    answer: Callable[[dict[str, Any]], str],
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve chat completions as OpenAI does; yields the address up to `/v1`, and what was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append({**body, "authorization": self.headers.get("authorization", "")})
            document = {
                "id": "chatcmpl-1",
                "model": body["model"],
                "choices": [{"message": {"role": "assistant", "content": answer(body)}}],
                "usage": {"prompt_tokens": 50, "completion_tokens": 10},
            }
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
