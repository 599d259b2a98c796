"""`kw.monitor`: what it returned from arrives, beside a workspace and over HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elsewhere_world import NAME, inputs_of, watching

import keepwell as kw
from keepwell.core.errors import InvalidRequestError, NotFoundError, UsageError
from keepwell.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with watching(tmp_path / "shop") as workspace:
        kw.monitor.to(workspace.root)
        yield workspace
        kw.monitor.close()


def test_beside_a_workspace_all_of_it_arrives(workspace: Workspace) -> None:
    own = kw.monitor.log(
        NAME, inputs={"age": np.float64(31.5), "plan": "year"}, prediction="no", outcome="no"
    )
    for at in range(20):
        kw.monitor.log(NAME, inputs={"age": at}, prediction="yes", id=at, score=0.9, latency_ms=3)
    assert kw.monitor.outcome(NAME, "no", id=3)
    assert kw.monitor.flush(20)
    status = kw.monitor.status()
    assert (status["logged"], status["refused"], status["dropped"]) == (22, 0, 0)
    counts = workspace.predictions.counts(NAME)
    assert (counts.predictions, counts.outcomes) == (21, 2)
    assert own is not None
    assert workspace.predictions.find(own) is not None
    assert inputs_of(workspace, "3") == {"age": 3}


def test_what_was_logged_before_a_kill_is_taken_by_the_workspace(workspace: Workspace) -> None:
    from keepwell.monitoring.elsewhere import Outbox

    outbox = Outbox(workspace.outbox)  # what `log` writes to, with nobody to carry it on
    outbox.put({"endpoint": NAME, "prediction": {"id": "a", "inputs": {}, "prediction": "no"}})
    outbox.put({"endpoint": NAME, "outcome": {"prediction_id": "a", "outcome": "yes"}})
    outbox.put({"endpoint": "gone", "prediction": {"id": "b", "inputs": {}, "prediction": "no"}})
    outbox.close()
    done = workspace.courier.run()
    assert (done.delivered, done.refused) == (2, 1)
    assert "no endpoint called 'gone'" in done.reason
    assert workspace.predictions.counts(NAME).outcomes == 1


def test_a_mistake_is_told_at_once(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no endpoint called 'credti'"):
        kw.monitor.log("credti", inputs={}, prediction="no")
    with pytest.raises(InvalidRequestError, match="'inputs' is"):
        kw.monitor.log(NAME, inputs=[1], prediction="no")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="neither Unix seconds"):
        kw.monitor.log(NAME, inputs={}, prediction="no", time="soon")
    with pytest.raises(InvalidRequestError, match="either 'prediction_id' or 'key'"):
        kw.monitor.outcome(NAME, "no")
    with pytest.raises(UsageError, match="no address"):
        kw.monitor.to("ftp://example")


class Far(BaseHTTPRequestHandler):
    """A workspace behind an address, which is away at first."""

    posts: list[tuple[str, str, Any]]
    away: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        cls = type(self)
        if cls.away > 0:
            cls.away -= 1
            self._answer(503, {"what": "starting", "why": ""})
            return
        if "unknown" in self.path:
            self._answer(404, {"what": "there is no endpoint called 'unknown'", "why": ""})
            return
        cls.posts.append((self.path, self.headers["authorization"], json.loads(body)))
        key = "outcomes" if self.path.endswith("feedback") else "predictions"
        rows = len(json.loads(body)[key])
        self._answer(200, {"accepted": rows, "duplicate": 0, "unknown": 0, "rejected": []})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_behind_an_address_it_waits_until_somebody_answers(tmp_path: Path) -> None:
    Far.posts, Far.away = [], 2
    server = HTTPServer(("127.0.0.1", 0), Far)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/"
        kw.monitor.to(url, token="kw_x", spool=tmp_path / "spool")
        kw.monitor.log("credit", inputs={"age": 3}, prediction="yes", id="a")
        kw.monitor.outcome("credit", "no", id="a")
        kw.monitor.log("unknown", inputs={}, prediction="yes", id="b")
        assert kw.monitor.flush(20)
    finally:
        server.shutdown()
        server.server_close()
    assert [path for path, _, _ in Far.posts] == [
        "/api/v1/endpoints/credit/predictions?partial=true",
        "/endpoints/credit/feedback",
    ]
    assert {token for _, token, _ in Far.posts} == {"Bearer kw_x"}
    assert Far.posts[0][2]["predictions"][0]["id"] == "a"
    assert Far.posts[1][2] == {"outcomes": [{"outcome": "no", "prediction_id": "a"}]}
    assert kw.monitor.status()["refused"] == 1
    assert "no endpoint called 'unknown'" in kw.monitor.status()["error"]
    kw.monitor.close()
