"""From a registered model to a device and back: what the device said is in the log, once."""

import json
from email.message import Message
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import numpy as np
import pytest
from starlette.testclient import TestClient

import keepwell as kw
from keepwell.api.app import create_app
from keepwell.cli.main import run
from keepwell.core.identifiers import new_id

pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")

from keepwell.deployment.targets.edge import scorer as shipped


def test_what_a_device_said_is_found_on_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    root = tmp_path / "visits"
    root.mkdir()
    (root / "keepwell.yaml").write_text(
        "project: visits\ndata: {source: none.csv, target: left}\n"
        "serve: {log: {redact: [height]}}\n"
    )
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"age": random.normal(40, 9, 200), "height": random.normal(170, 9, 200)})
    rows["left"] = np.where(rows.age > 40, "yes", "no")
    with kw.Project(root) as project:
        fitted = LogisticRegression().fit(rows[["age", "height"]], rows["left"])
        project.promote(project.register(fitted, rows, "left").version)
        words = ["export", "edge", "-o", str(tmp_path / "device"), "-C", str(root)]
        assert run([*words, "--option", "device=till-7"]) == 0
        device = shipped.Edge(tmp_path / "device")
        instances: Any = rows[["age", "height"]].to_dict("records")[:5]
        said = device.predict(instances)
        assert said["predictions"] == project.predict(instances)

        client = TestClient(create_app(project.workspace), base_url="http://127.0.0.1:4400")

        def urlopen(request: Any, timeout: float) -> Any:
            path = request.full_url.removeprefix("http://hub")
            answer = client.post(path, content=request.data, headers=dict(request.headers))
            if answer.status_code != 200:
                raise HTTPError(path, answer.status_code, "", Message(), BytesIO(answer.content))
            return BytesIO(answer.content)

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        copy = (tmp_path / "device" / "queue" / "waiting.jsonl").read_bytes()
        assert device.sync("http://hub") == {"sent": 5, "accepted": 5, "duplicate": 0, "refused": 0}
        (tmp_path / "device" / "queue" / "waiting.jsonl").write_bytes(copy)  # never told of it
        assert device.sync("http://hub") == {"sent": 5, "accepted": 0, "duplicate": 5, "refused": 0}
        waiting = [{**json.loads(line), "id": new_id(0.0)} for line in copy.splitlines()]
        (tmp_path / "device" / "queue" / "waiting.jsonl").write_text(
            "".join(
                json.dumps(one) + "\n" for one in [waiting[0], json.loads(copy.splitlines()[0])]
            )
        )
        counts = device.sync(
            "http://hub"
        )  # an id that was stamped at another time holds up nothing
        assert counts == {"sent": 1, "accepted": 0, "duplicate": 1, "refused": 1}
        refused = (tmp_path / "device" / "queue" / "refused.jsonl").read_text()
        assert json.loads(refused)["id"] == waiting[0]["id"]
        kept = client.get(f"/api/v1/predictions/{said['prediction_ids'][0]}").json()
        assert kept["caller"] == "till-7"
        assert kept["prediction"] == said["predictions"][0]
        assert kept["inputs"] == {"age": instances[0]["age"]}
        assert kept["probabilities"] == list(said["probabilities"][0].values())
