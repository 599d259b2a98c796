"""Other servers of the same model, each in an environment of its own, written as people write them."""

import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving.load import pinned
from benchmarks.serving.servers import Server

_MODEL = ("scikit-learn", "lightgbm", "pandas", "skops")

_FASTAPI = """
import pickle, sys, uvicorn
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel
model = pickle.load(open("model.pickle", "rb"))
app = FastAPI()

class Body(BaseModel):
    instances: list[dict]

@app.post("/predict")
def predict(body: Body):
    frame = pd.DataFrame(body.instances, columns=model.feature_names_in_)
    return {"probabilities": model.predict_proba(frame).tolist()}

uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""

_LITSERVE = """
import pickle, sys
import pandas as pd, litserve as ls

class Api(ls.LitAPI):
    def setup(self, device):
        self.model = pickle.load(open("model.pickle", "rb"))
    def decode_request(self, request):
        return request["instances"][0]
    def batch(self, inputs):
        return pd.DataFrame(inputs, columns=self.model.feature_names_in_)
    def predict(self, frame):
        return self.model.predict_proba(frame).tolist()
    def unbatch(self, output):
        return output
    def encode_response(self, output):
        return {"probabilities": output}

if __name__ == "__main__":
    api = Api(max_batch_size=64, batch_timeout=0.005)
    server = ls.LitServer(api, accelerator="cpu")
    server.run(port=int(sys.argv[1]), generate_client_file=False, num_api_servers=1)
"""

_BENTOML = """
import pickle
import bentoml, pandas as pd

@bentoml.service(workers=1, traffic={"timeout": 60})
class Service:
    def __init__(self):
        self.model = pickle.load(open("model.pickle", "rb"))
    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def predict(self, instances: list[dict]) -> list[list[float]]:
        frame = pd.DataFrame(instances, columns=self.model.feature_names_in_)
        return self.model.predict_proba(frame).tolist()
"""

_MLFLOW = """
import pickle, mlflow
model = pickle.load(open("model.pickle", "rb"))
mlflow.sklearn.save_model(model, "mlflow-model", serialization_format="cloudpickle")
"""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another server.

    Attributes:
        name: What it is called in the table.
        packages: What its environment holds beside the model's libraries.
        script: Its source.
        command: How it is run; `{port}` and `{bin}` are filled in.
        path: Where it is asked.
        before: A script that prepares it.
        key: What the rows are called in a request; `dataframe_records` for MLflow.
    """

    name: str
    packages: tuple[str, ...]
    script: str
    command: tuple[str, ...]
    path: str
    before: str = ""
    key: str = "instances"

    def body(self, rows: list[dict[str, Any]]) -> bytes:
        return json.dumps({self.key: rows}).encode()


_RUN = ("{bin}/python", "server.py", "{port}")
PEERS = (
    Peer(
        name="FastAPI + pandas",
        packages=("fastapi", "uvicorn"),
        script=_FASTAPI,
        command=_RUN,
        path="/predict",
    ),
    Peer(name="LitServe, batching", packages=("litserve",), script=_LITSERVE, command=_RUN, path="/predict"),
    Peer(
        name="BentoML, batching",
        packages=("bentoml",),
        script=_BENTOML,
        command=("{bin}/bentoml", "serve", "server:Service", "--port", "{port}"),
        path="/predict",
    ),
    Peer(
        name="mlflow models serve",
        packages=("mlflow", "uvicorn", "fastapi"),
        script="",
        command=(
            "{bin}/mlflow", "models", "serve", "-m", "mlflow-model", "--env-manager", "local", "-p", "{port}",
        ),
        path="/invocations",
        before=_MLFLOW,
        key="dataframe_records",
    ),
)  # fmt: skip


@contextlib.contextmanager
def running(peer: Peer, folder: Path, pipeline: Any, body: bytes) -> Iterator[Server | str]:
    """Run a peer; give its port and process, or why it cannot be run."""
    home = folder / peer.name.split()[0].lower().strip(",")
    home.mkdir()
    try:
        bin_ = _environment(home, peer)
        (home / "model.pickle").write_bytes(pickle.dumps(pipeline))
        (home / "server.py").write_text(peer.script)
        if peer.before:
            _call([str(bin_ / "python"), "-c", peer.before], home)
    except subprocess.CalledProcessError as error:
        yield f"skipped, it cannot be installed: {(error.stderr or '').strip()[-200:]}"
        return
    port = _free_port()
    command = [part.format(bin=bin_, port=port) for part in peer.command]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PATH": f"{bin_}:{os.environ['PATH']}"}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            pinned(command),
            cwd=home,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
        try:
            problem = _wait(process, port, peer.path, body)
            yield problem or Server(port=port, pid=process.pid)
        finally:
            os.killpg(process.pid, 15)
            process.wait()


def _environment(home: Path, peer: Peer) -> Path:
    """Make a virtual environment that can load the model: Keepwell, without what it needs to serve."""
    _call([sys.executable, "-m", "venv", "env"], home)
    bin_ = home / "env" / "bin"
    _call([str(bin_ / "pip"), "install", "-q", *_MODEL, *peer.packages], home)
    root = Path(__file__).resolve().parents[2]
    _call([str(bin_ / "pip"), "install", "-q", "--no-deps", str(root)], home)
    return bin_


def _call(command: list[str], home: Path) -> None:
    subprocess.run(command, cwd=home, check=True, capture_output=True, text=True)


def _wait(process: "subprocess.Popen[bytes]", port: int, path: str, body: bytes) -> str:
    """Wait until a peer predicts; return why it does not."""
    end = time.monotonic() + 120
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body, {"content-type": "application/json"}
    )
    problem = ""
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=30):
                return ""
        except urllib.error.HTTPError as error:
            problem = f"answered {error.code}: {error.read()[:200]!r}"
        except OSError as error:
            problem = str(error)
        time.sleep(0.5)
    return f"skipped, it does not predict: {problem}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
