"""A small table, models that were fitted on it, and a server that answers from them."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import (
    Bundle,
    BundleFile,
    Column,
    ColumnType,
    Endpoint,
    ModelVersion,
    Prediction,
    Proof,
    Route,
    Signature,
    Task,
)
from keepwell.deployment.scoring import build_scorer_files
from keepwell.deployment.server import Supervisor, publish_routes
from keepwell.features import Decoder, infer_signature
from keepwell.features.preparation import preparation
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.segments import decode_prediction, list_segments, read_frames

COLUMNS = {
    "age": ColumnType.NUMBER,
    "visits": ColumnType.INTEGER,
    "member": ColumnType.BOOLEAN,
    "colour": ColumnType.CATEGORY,
    "since": ColumnType.DATETIME,
    "note": ColumnType.TEXT,
}
CLASSES: dict[Task, tuple[Any, ...]] = {
    Task.BINARY: ("No", "Yes"),
    Task.MULTICLASS: (1, 2, 3),
    Task.REGRESSION: (),
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A fitted pipeline and what was made of it."""

    pipeline: Any
    signature: Signature
    table: pa.Table
    files: dict[str, bytes]
    proof: Proof


def make_table(rows: int, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    gaps = random.random(rows) < 0.1
    days = random.integers(0, 3000, rows).astype("timedelta64[D]")
    return pa.table(
        {
            "age": pa.array(random.normal(40, 12, rows), mask=gaps),
            "visits": random.integers(0, 50, rows),
            "member": random.random(rows) < 0.5,
            "colour": pa.array(
                random.choice(["red", "green", "blue", "7"], rows).astype(object),
                mask=random.random(rows) < 0.1,
            ),
            "since": np.datetime64("2016-01-01", "us") + days,
            "note": random.choice(["good day", "bad luck", "good luck", "none"], rows).astype(
                object
            ),
        }
    )


def make_model(
    task: Task = Task.BINARY, *, flavour: Any = "tree", estimator: Any = None, seed: int = 0
) -> Made:
    """Fit a small pipeline on a table of every column type."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import Pipeline

    table = make_table(400, seed)
    columns = [Column(name=name, type=kind) for name, kind in COLUMNS.items()]
    signature = infer_signature(table, columns, list(COLUMNS), "target", task, CLASSES[task])
    score = (
        np.nan_to_num(table["age"].to_numpy(zero_copy_only=False), nan=30.0)
        + table["visits"].to_numpy()
    )
    target = {
        Task.BINARY: np.where(score > 62, "Yes", "No"),
        Task.MULTICLASS: np.digitize(score, [55, 70]) + 1,
        Task.REGRESSION: score * 1.5,
    }[task]
    if estimator is None:
        trees = LGBMRegressor if task is Task.REGRESSION else LGBMClassifier
        linear = Ridge() if task is Task.REGRESSION else LogisticRegression(max_iter=300)
        is_tree = flavour == "tree"
        estimator = trees(n_estimators=20, verbose=-1, n_jobs=1) if is_tree else linear
    steps = [("preparation", preparation(signature, flavour)), ("estimator", estimator)]
    frame = Decoder(signature).table(table)
    pipeline = Pipeline(steps).fit(frame, target)
    files, proof = build_scorer_files(pipeline, signature, table.slice(0, 60))
    return Made(pipeline=pipeline, signature=signature, table=table, files=files, proof=proof)


@pytest.fixture(scope="session")
def model_of() -> Callable[..., Made]:
    """Return a maker of fitted models; the same wish gives the same model."""
    known: dict[Any, Made] = {}

    def make(task: Task = Task.BINARY, **options: Any) -> Made:
        key = (task, repr(sorted(options.items())))
        if key not in known:
            known[key] = make_model(task, **options)
        return known[key]

    return make


@dataclass(kw_only=True)
class House:
    """A workspace folder with model versions, and whoever serves it."""

    home: Path
    versions: dict[tuple[str, int], ModelVersion] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    supervisors: list[Supervisor] = field(default_factory=list)

    @property
    def blobs(self) -> str:
        return str(self.home / "blobs")

    def register(self, model: str, version: int, made: Made) -> ModelVersion:
        store = open_blobs(self.blobs)
        files = tuple(
            BundleFile(name=name, digest=store.write(data), size=len(data))
            for name, data in sorted(made.files.items())
        )
        record = ModelVersion(
            model=model,
            version=version,
            run="run",
            bundle=Bundle(files=files),
            signature=made.signature,
            metric="roc_auc",
            proof=made.proof,
        )
        self.versions[model, version] = record
        return record

    def route(self, name: str, shares: dict[int, float], *, key: str = "") -> int:
        """Give versions their shares (the first one is the champion), and publish."""
        routes = tuple(
            Route(version=version, weight=weight, role="challenger" if at else "champion")
            for at, (version, weight) in enumerate(shares.items())
        )
        self.endpoints[name] = Endpoint(name=name, model=name, routes=routes, key=key)
        return self.publish()

    def publish(self) -> int:
        return publish_routes(
            self.home,
            self.endpoints.values(),
            lambda model, version: self.versions[model, version],
            blobs=self.blobs,
        )

    def serve(self, workers: int = 1, generation: int = 0, port: int = 0) -> Supervisor:
        supervisor = Supervisor(
            self.home, "127.0.0.1", port, workers, self.home / "run" / "control.sock"
        )
        supervisor.start()
        self.supervisors.append(supervisor)
        assert supervisor.wait_for(generation, timeout=60), self.logs()
        return supervisor

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in (self.home / "logs").glob("*.log"))

    def logged(self) -> list[Prediction]:
        """Return every row of the prediction log."""
        frames = [
            frame
            for segment in list_segments(self.home / "serving" / "segments")
            for frame in read_frames(segment.path)[0]
        ]
        return [row for row in map(decode_prediction, frames) if row is not None]


@pytest.fixture(scope="session")
def house_in() -> Callable[[Path], House]:
    """Return a maker of empty workspaces; whoever serves one stops it."""
    return lambda home: House(home=home)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Return an empty workspace; whoever serves it is stopped at the end."""
    made = House(home=tmp_path / "home")
    yield made
    for supervisor in made.supervisors:
        supervisor.stop()


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running server with the endpoint `churn`: versions 1 and 2, champion 1."""

    house: House
    supervisor: Supervisor
    client: httpx2.Client

    def predict(self, instances: Any, name: str = "churn", **headers: str) -> httpx2.Response:
        return self.client.post(
            f"/endpoints/{name}/predict", json={"instances": instances}, headers=headers
        )


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, model_of: Callable[..., Made]
) -> Iterator[Served]:
    """Return a server that a whole file of tests asks; none of them changes its routes for long."""
    house = House(home=tmp_path_factory.mktemp("served") / "home")
    for version in (1, 2):
        house.register("churn", version, model_of(seed=version))
    house.endpoints["empty"] = Endpoint(name="empty", model="churn")
    supervisor = house.serve(generation=house.route("churn", {1: 100.0}, key="customer"))
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}", timeout=30) as client:
        yield Served(house=house, supervisor=supervisor, client=client)
    supervisor.stop()


A_ROW: dict[str, Any] = {
    "age": 41.5,
    "visits": 12,
    "member": True,
    "colour": "red",
    "since": "2020-02-29T12:00:00",
    "note": "good luck",
}


@pytest.fixture
def a_row() -> dict[str, Any]:
    """Return a row that every model here can answer."""
    return dict(A_ROW)


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Return a function that waits until something holds."""

    def wait(holds: Callable[[], object], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(httpx2.TransportError):
                if holds():
                    return
            time.sleep(0.02)
        raise AssertionError(f"did not happen within {seconds} s")

    return wait
