"""From a registered model to a device and back: what the device said is in the log, once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import keepwell as kw
from keepwell.api.app import create_app
from keepwell.cli.main import run

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

        def post(address: str, body: Any, headers: dict[str, str], timeout: float) -> Any:
            answer = client.post(address.removeprefix("http://hub"), json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()

        monkeypatch.setattr(shipped, "_post", post)
        copy = (tmp_path / "device" / "queue" / "waiting.jsonl").read_bytes()
        assert device.sync("http://hub") == {"sent": 5, "accepted": 5, "duplicate": 0}
        (tmp_path / "device" / "queue" / "waiting.jsonl").write_bytes(copy)  # never told of it
        assert device.sync("http://hub") == {"sent": 5, "accepted": 0, "duplicate": 5}
        kept = client.get(f"/api/v1/predictions/{said['prediction_ids'][0]}").json()
        assert kept["caller"] == "till-7"
        assert kept["prediction"] == said["predictions"][0]
        assert kept["inputs"] == {"age": instances[0]["age"]}
        assert kept["probabilities"] == list(said["probabilities"][0].values())
