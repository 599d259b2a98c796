"""The model that all servers serve: Adult income, 14 columns (8 of them labels), LightGBM of 200 trees."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

TREES = 200
ENDPOINT = "bench"
_DATA = Path(__file__).resolve().parents[3] / "shared/data/tabular_adult_income/adult.csv"
_NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
_LABELS = (
    "workclass", "education", "marital_status", "occupation", "relationship", "race", "sex",
    "native_country",
)  # fmt: skip
TARGET = "income"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A published endpoint.

    Attributes:
        source: Where the rows came from.
        scorer: What a worker loads.
        pipeline: What was compiled.
        rows: Rows to ask with.
        files: The bundle's files.
    """

    source: str
    scorer: Any
    pipeline: Any
    rows: list[dict[str, Any]]
    files: dict[str, bytes]

    def body(self, rows: int) -> bytes:
        """Return a request of so many rows."""
        return json.dumps({"instances": (self.rows * rows)[:rows]}).encode()


def table_of() -> tuple[pa.Table, str]:
    """Return the rows, and where they come from."""
    if _DATA.exists():
        options = pa.csv.ConvertOptions(strings_can_be_null=True, null_values=["", "?"])
        return pa.csv.read_csv(_DATA, convert_options=options), "Adult income (UCI)"
    return _made_up(20_000), "made up like Adult income"


def publish(home: Path) -> Served:
    """Train the model, publish it as an endpoint of a workspace."""
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

    table, source = table_of()
    names = [name for name in table.column_names if name != TARGET]
    columns = [
        Column(name=n, type=ColumnType.INTEGER if n in _NUMBERS else ColumnType.CATEGORY)
        for n in names
    ]
    classes = tuple(sorted(set(table[TARGET].to_pylist())))
    signature = infer_signature(table, columns, names, TARGET, Task.BINARY, classes)
    steps = [
        ("prepare", preparation(signature, "tree")),
        ("model", LGBMClassifier(n_estimators=TREES, verbose=-1, n_jobs=2)),
    ]
    pipeline = Pipeline(steps).fit(Decoder(signature).table(table), table[TARGET].to_numpy())
    files, proof = build_scorer_files(pipeline, signature, table.slice(0, 500))
    if not proof.compiled:
        raise SystemExit(f"the pipeline was not compiled: {proof.reason}")
    blobs = open_blobs(str(home / "blobs"))
    bundle = tuple(
        BundleFile(name=name, digest=blobs.write(data), size=len(data))
        for name, data in files.items()
    )
    version = ModelVersion(
        model=ENDPOINT,
        version=1,
        run="",
        bundle=Bundle(files=bundle),
        signature=signature,
        metric="roc_auc",
    )
    endpoint = Endpoint(name=ENDPOINT, model=ENDPOINT, routes=(Route(version=1, weight=100.0),))
    publish_routes(home, [endpoint], lambda model, number: version, blobs=str(home / "blobs"))
    rows = table.drop_columns([TARGET]).slice(0, 100).to_pylist()
    scorer = load_scorer(files.__getitem__, signature)
    return Served(source=source, scorer=scorer, pipeline=pipeline, rows=rows, files=files)


def _made_up(rows: int) -> pa.Table:
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {name: random.integers(0, 90, rows) for name in _NUMBERS}
    for name in _LABELS:
        labels = random.choice([f"{name} {at}" for at in range(9)], rows).astype(object)
        columns[name] = pa.array(labels, mask=random.random(rows) < 0.05)
    score = columns["age"] + columns["education_num"] + random.normal(0, 20, rows)
    columns[TARGET] = np.where(score > 110, ">50K", "<=50K")
    return pa.table(columns)
