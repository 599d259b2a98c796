"""A small company with models that are real: fitted, registered, asked through the doors of a worker.

`front` answers like the whole product does, in one process: predictions by the doors, all else by the
control application.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from console_customers import NAME, SIGNATURE, rows
from console_world import new_workspace
from starlette.requests import Request as WebRequest
from starlette.responses import Response as WebResponse

from keepwell.api.app import create_app
from keepwell.core.clock import ManualClock
from keepwell.core.events import acting_as
from keepwell.core.records import Column, ModelVersion
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.routes import publish_routes, read_routes
from keepwell.deployment.server.snapshot import Snapshot, load_snapshot
from keepwell.features.written import written_reader
from keepwell.infrastructure.codec import to_json
from keepwell.infrastructure.segments import SegmentWriter
from keepwell.tracking.bundles import pack
from keepwell.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Live:
    """A workspace with two versions, the first of them champion, and a worker's doors."""

    workspace: Workspace
    first: ModelVersion
    second: ModelVersion
    application: Application
    predictor: Predictor

    def follow(self) -> None:
        """Let the doors answer by what the record says now."""
        workspace = self.workspace
        publish_routes(
            workspace.home,
            workspace.endpoints.find(),
            workspace.registry.get,
            blobs=workspace.blobs_url,
        )
        routes = read_routes(workspace.home)
        self.predictor.snapshot = load_snapshot(
            routes, self.predictor.snapshot, workspace.blobs.read
        )
        assert self.predictor.snapshot.problems == ()

    def ask(self, path: str, request: Request) -> Response:
        """Knock at a door."""
        found = self.application.door(path)
        assert found is not None, path
        return asyncio.run(self.application.answer(*found, request))

    def predict(self, *instances: dict[str, Any]) -> dict[str, Any]:
        """Ask for predictions, which are logged."""
        path = f"/endpoints/{NAME}/predict"
        body = json.dumps({"instances": instances}).encode()
        answer = self.ask(path, Request(path=path, body=body))
        document: dict[str, Any] = json.loads(answer.body)
        assert answer.status == 200, document
        return document


A_CUSTOMER: dict[str, Any] = {
    "tenure": 3,
    "MonthlyCharges": 99.5,
    "TotalCharges": 298.5,
    "Contract": "Month-to-month",
    "PaymentMethod": "Electronic check",
    "SeniorCitizen": False,
    "SignedUp": "2024-05-17",
    "LastNote": "asked for a cheaper plan",
}


def live(root: Path, now: float) -> Live:
    """Return the company, its first version champion."""
    workspace = new_workspace(root, ManualClock(now))
    with acting_as("user:ana"):
        first, second = (_register(workspace, seed) for seed in (1, 2))
        workspace.registry.point(NAME, "champion", first.version, why="the first")
        workspace.endpoints.deploy(NAME, NAME, first.version, why="the first")
    writer = SegmentWriter.claim(workspace.home / "serving" / "segments", "worker-0")
    predictor = Predictor(writer, Counters())
    predictor.snapshot = Snapshot()
    application = Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))
    made = Live(
        workspace=workspace,
        first=first,
        second=second,
        application=application,
        predictor=predictor,
    )
    made.follow()
    return made


def _register(workspace: Workspace, seed: int) -> ModelVersion:
    from lightgbm import LGBMClassifier
    from sklearn.pipeline import Pipeline

    from keepwell.data.profiles import profile_table
    from keepwell.deployment.scoring import build_scorer_files
    from keepwell.features import Decoder
    from keepwell.features.preparation import preparation

    listed = list(rows(400, seed))
    target = [row["Churn"] for row in listed]
    names = [field.name for field in SIGNATURE.inputs]
    read = written_reader(SIGNATURE.inputs)
    table = pa.Table.from_pylist([read({n: str(row[n]) for n in names}) for row in listed])
    estimator = LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1, random_state=seed)
    steps = [("preparation", preparation(SIGNATURE, "tree")), ("estimator", estimator)]
    pipeline = Pipeline(steps).fit(Decoder(SIGNATURE).table(table), target)
    files, proof = build_scorer_files(pipeline, SIGNATURE, table.slice(0, 60))
    at = table.schema.get_field_index("SignedUp")
    moments = pc.strptime(table["SignedUp"], format="%Y-%m-%d", unit="us")
    columns = [Column(name=field.name, type=field.type) for field in SIGNATURE.inputs]
    files["profile.json"] = to_json(
        profile_table(table.set_column(at, "SignedUp", moments), columns)
    )
    run = workspace.runs.start(NAME, "train")
    return workspace.registry.register(
        NAME,
        run=run.id,
        bundle=pack(workspace.blobs, files),
        signature=SIGNATURE,
        metric="roc_auc",
        learner="lightgbm",
        proof=proof,
    )


def front(made: Live) -> Any:
    """Return an ASGI application that answers like the whole product."""
    control = create_app(made.workspace)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        found = made.application.door(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await control(scope, receive, send)
            return
        asked = WebRequest(scope, receive)
        request = Request(
            method=scope["method"],
            path=scope["path"],
            headers=dict(scope["headers"]),
            body=await asked.body(),
            query=scope["query_string"],
        )
        said = await made.application.answer(*found, request)
        response = WebResponse(said.body, said.status)
        response.raw_headers = [*said.headers, (b"content-length", b"%d" % len(said.body))]
        await response(scope, receive, send)

    return answer
