"""Sources and outputs in a bucket: a local server that speaks S3, and a client that we did not write."""

import gzip
import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from keepwell.core.errors import InvalidDataError, NotFoundError, StorageError, UsageError
from keepwell.deployment.batch import Options, Scored, predict_file, predicting
from keepwell.deployment.scoring import load_scorer

pytest.importorskip("moto")
boto3 = pytest.importorskip("boto3")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:boto"),
]

Models = Callable[..., Any]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Return the address of a server that speaks S3."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["-c", f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"]
    server = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a client of the server, with an empty bucket `lake`."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="lake")
    for item in client.list_objects_v2(Bucket="lake").get("Contents", []):
        client.delete_object(Bucket="lake", Key=item["Key"])
    return client


@pytest.fixture
def score(
    tmp_path: Path, model_of: Models, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Scored]:
    made = model_of()
    monkeypatch.setattr(predicting, "ROWS_AT_ONCE", 64)

    def call(source: str, output: str, **options: Any) -> Scored:
        chosen = Options(root=tmp_path, works=tmp_path / "works", **options)
        scorer = load_scorer(made.files.__getitem__, made.signature)
        return predict_file(scorer, source, output, options=chosen)

    return call


def put(bucket: Any, key: str, table: pa.Table) -> None:
    sink = io.BytesIO()
    if key.endswith(".parquet"):
        pq.write_table(table, sink)
    else:
        pa_csv.write_csv(table, sink)
    data = sink.getvalue()
    bucket.put_object(Bucket="lake", Key=key, Body=gzip.compress(data) if ".gz" in key else data)


def keys(bucket: Any) -> list[str]:
    found = bucket.list_objects_v2(Bucket="lake").get("Contents", [])
    return sorted(item["Key"] for item in found)


def get(bucket: Any, key: str) -> bytes:
    return bytes(bucket.get_object(Bucket="lake", Key=key)["Body"].read())


def test_parquet_in_a_bucket(bucket: Any, model_of: Models, score: Callable[..., Scored]) -> None:
    table = model_of().table
    for part in range(2):
        put(bucket, f"new/part-{part}.parquet", table.slice(part * 200, 200))
    scored = score("s3://lake/new/", "s3://lake/out/scored.parquet")
    assert scored.rows == 400
    result = pq.read_table(io.BytesIO(get(bucket, "out/scored.parquet")))
    assert result["visits"].equals(table["visits"])
    with pytest.raises(UsageError, match="is there already"):
        score("s3://lake/new/*.parquet", "s3://lake/out/scored.parquet")
    score("s3://lake/new/*-1.parquet", "s3://lake/out/scored.parquet", overwrite=True)
    assert pq.read_table(io.BytesIO(get(bucket, "out/scored.parquet"))).num_rows == 200


def test_a_folder_in_a_bucket(bucket: Any, model_of: Models, score: Callable[..., Scored]) -> None:
    put(bucket, "new/rows.csv.gz", model_of().table)
    score("s3://lake/new/rows.csv.gz", "s3://lake/scored/")
    written = [key for key in keys(bucket) if key.startswith("scored/")]
    assert written[0] == "scored/_manifest.json"
    manifest = json.loads(get(bucket, written[0]))
    assert [f"scored/{part['file']}" for part in manifest["parts"]] == written[1:]
    rows = [pq.read_table(io.BytesIO(get(bucket, key))).num_rows for key in written[1:]]
    assert rows == [64] * 6 + [16]


def test_a_delta_table_in_a_bucket(
    bucket: Any, tmp_path: Path, model_of: Models, score: Callable[..., Scored]
) -> None:
    pq.write_table(model_of().table, tmp_path / "in.parquet")
    assert score("in.parquet", "s3://lake/scored.delta").rows == 400
    assert "scored.delta/_delta_log/00000000000000000000.json" in keys(bucket)
    table = pq.read_table(tmp_path / "in.parquet").slice(0, 100)
    from deltalake import write_deltalake

    from keepwell.infrastructure.remote import storage_options

    write_deltalake("s3://lake/rows", table, storage_options=storage_options())
    assert score("s3://lake/rows", "out.csv").rows == 100


def test_refusals(
    bucket: Any, tmp_path: Path, score: Callable[..., Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "new/rows.csv", pa.table({"age": [1]}))
    with pytest.raises(NotFoundError, match="nothing at") as caught:
        score("s3://lake/new/row.csv", "out.csv")
    assert caught.value.why
    with pytest.raises(InvalidDataError, match="no column 'visits'"):
        score("s3://lake/new/rows.csv", "out.csv")
    with pytest.raises(UsageError, match="names no bucket"):
        score("s3://", "out.csv")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match="cannot be reached") as away:
        score("s3://lake/new/rows.csv", "out.csv")
    assert "AWS_ENDPOINT_URL" in away.value.now
