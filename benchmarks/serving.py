"""One row over HTTP: a real, logged prediction against the same server answering a constant.

The floor is a raw ASGI function on uvicorn (uvloop, httptools) that reads the same body and answers a
constant. Both run in one worker process, one after the other, asked by the same clients.

    python -m benchmarks.serving [SECONDS]
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

SECONDS = 5.0
TREES = 200
CONNECTIONS = (1, 16)
FLOOR = """
import socket, sys
import uvicorn

ANSWER = b'{"predictions":["Yes"],"probabilities":[{"No":0.25,"Yes":0.75}]}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]

async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        continue
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})

listener = socket.socket(fileno=int(sys.argv[1]))
config = uvicorn.Config(app, loop="uvloop", http="httptools", lifespan="off", log_config=None,
                        access_log=False, server_header=False, date_header=False)
uvicorn.Server(config).run(sockets=[listener])
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a server did under load."""

    per_second: float
    p50_ms: float
    p99_ms: float


def table_of(rows: int) -> pa.Table:
    """Return 6 numbers, 8 categories and a date, a tenth of them missing, and a target."""
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for at in range(6):
        columns[f"number {at}"] = pa.array(random.normal(size=rows), mask=random.random(rows) < 0.1)
    for at in range(8):
        labels = random.choice(list("abcdefgh"), rows).astype(object)
        columns[f"label {at}"] = pa.array(labels, mask=random.random(rows) < 0.1)
    days = random.integers(0, 3000, rows).astype("timedelta64[D]")
    columns["since"] = np.datetime64("2016-01-01", "us") + days
    score = np.nan_to_num(columns["number 0"].to_numpy(zero_copy_only=False)) + random.normal(
        size=rows
    )
    columns["target"] = np.where(score > 0, "Yes", "No")
    return pa.table(columns)


def train(home: Path) -> tuple[Any, dict[str, Any]]:
    """Publish an endpoint with a boosted pipeline; return its scorer and a row for it."""
    from lightgbm import LGBMClassifier
    from sklearn.pipeline import Pipeline

    from keepwell.core.records import (
        Bundle,
        BundleFile,
        Column,
        ColumnType,
        Endpoint,
        ModelVersion,
        Route,
        Task,
    )
    from keepwell.deployment.scoring import build_scorer_files, load_scorer
    from keepwell.deployment.server import publish_routes
    from keepwell.features import Decoder, infer_signature
    from keepwell.features.preparation import preparation
    from keepwell.infrastructure.blobs import open_blobs

    table = table_of(5000)
    kinds = {"n": ColumnType.NUMBER, "l": ColumnType.CATEGORY, "s": ColumnType.DATETIME}
    names = table.column_names[:-1]
    columns = [Column(name=name, type=kinds[name[0]]) for name in names]
    signature = infer_signature(table, columns, names, "target", Task.BINARY, ("No", "Yes"))
    steps = [
        ("prepare", preparation(signature, "tree")),
        ("model", LGBMClassifier(n_estimators=TREES, verbose=-1, n_jobs=2)),
    ]
    pipeline = Pipeline(steps).fit(Decoder(signature).table(table), table["target"].to_numpy())
    files, proof = build_scorer_files(pipeline, signature, table.slice(0, 500))
    if not proof.compiled:
        raise SystemExit(f"the pipeline was not compiled: {proof.reason}")
    blobs = open_blobs(str(home / "blobs"))
    bundle = tuple(
        BundleFile(name=name, digest=blobs.write(data), size=len(data))
        for name, data in files.items()
    )
    version = ModelVersion(
        model="bench",
        version=1,
        run="",
        bundle=Bundle(files=bundle),
        signature=signature,
        metric="roc_auc",
    )
    endpoint = Endpoint(name="bench", model="bench", routes=(Route(version=1, weight=100.0),))
    publish_routes(home, [endpoint], lambda model, number: version, blobs=str(home / "blobs"))
    row = table.slice(0, 1).to_pylist()[0]
    row.pop("target")
    row["since"] = row["since"].isoformat()
    return load_scorer(files.__getitem__, signature), row


def in_process(scorer: Any, row: dict[str, Any]) -> float:
    """Return the median microseconds of one row, decoded from a dict."""
    times = []
    for _ in range(3000):
        start = time.perf_counter()
        scorer.rows([row])
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def receive(line: socket.socket) -> None:
    """Read one answer to its end."""
    data = line.recv(65536)
    while b"\r\n\r\n" not in data:
        data += line.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"unexpected answer: {data[:300]!r}")
    missing = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(body)
    while missing > 0:
        missing -= len(line.recv(65536))


def load(port: int, body: bytes, connections: int, seconds: float) -> Result:
    """Ask a server from so many connections in another process, as fast as it answers."""
    request = (
        b"POST /endpoints/bench/predict HTTP/1.1\r\nhost: localhost\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    ) + body
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    def ask() -> None:
        own = []
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (start := time.perf_counter()) < end:
                line.sendall(request)
                receive(line)
                own.append(time.perf_counter() - start)
        latencies.extend(own)

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ranked = sorted(latencies)
    return Result(
        per_second=len(ranked) / seconds,
        p50_ms=ranked[len(ranked) // 2] * 1000,
        p99_ms=ranked[int(len(ranked) * 0.99)] * 1000,
    )


def measure(port: int, body: bytes, seconds: float) -> dict[int, Result]:
    """Return the results by number of connections, after a warm-up."""
    load(port, body, 1, min(1.0, seconds))
    return {connections: load(port, body, connections, seconds) for connections in CONNECTIONS}


def floor(body: bytes, seconds: float) -> dict[int, Result]:
    """Measure the server that answers a constant."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        port = listener.getsockname()[1]
        number = listener.fileno()
        process = subprocess.Popen([sys.executable, "-c", FLOOR, str(number)], pass_fds=(number,))
    try:
        time.sleep(1.5)
        return measure(port, body, seconds)
    finally:
        process.terminate()
        process.wait()


def ours(home: Path, body: bytes, seconds: float) -> dict[int, Result]:
    """Measure one worker that predicts and logs."""
    from keepwell.deployment.server import Supervisor

    supervisor = Supervisor(home, "127.0.0.1", 0, 1, home / "control.sock")
    supervisor.start()
    try:
        if not supervisor.wait_for(1, timeout=30):
            raise SystemExit("the worker did not start")
        results = measure(supervisor.port, body, seconds)
        print(f"one worker holds {supervisor.workers()[0].rss / 1e6:.0f} MB")
        return results
    finally:
        supervisor.stop()


def main() -> None:
    """Measure, and print ratios."""
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory(prefix="keepwell-bench-") as folder:
        home = Path(folder)
        scorer, row = train(home)
        body = json.dumps({"instances": [row]}).encode()
        print(f"in process, one row of 15 columns, {TREES} trees: {in_process(scorer, row):.1f} µs")
        constant, predicted = floor(body, seconds), ours(home, body, seconds)
    print(
        "\nclients   constant/s  predicted/s   ratio   constant p50/p99 ms   predicted p50/p99 ms"
    )
    for clients in CONNECTIONS:
        one, two = constant[clients], predicted[clients]
        print(
            f"{clients:7}   {one.per_second:10,.0f}  {two.per_second:11,.0f}   "
            f"{two.per_second / one.per_second:5.2f}   {one.p50_ms:9.3f}/{one.p99_ms:<9.3f}   "
            f"{two.p50_ms:9.3f}/{two.p99_ms:.3f}"
        )
    ratio = predicted[1].p50_ms / constant[1].p50_ms
    print(
        f"\nratio: a logged prediction takes {ratio:.2f} times as long as a constant (one client)"
    )


if __name__ == "__main__":
    main()
