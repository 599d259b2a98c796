"""What of the project file the workers are told."""

from dataclasses import replace
from pathlib import Path

from keepwell.core.spec import LimitsSpec, ServeSpec
from keepwell.deployment.server.routes import Routes, read_routes
from keepwell.operations.serving.publisher import Publisher
from keepwell.workspace import Workspace


def test_workers_are_told_what_the_project_says_of_serving(tmp_path: Path) -> None:
    (tmp_path / "keepwell.yaml").write_text(
        "project: churn\ndata: {source: x.csv}\n"
        "serve: {memory: 2GB, idle: 15m, tokens: required, limits: {rows: 7}}\n"
    )
    with Workspace.open(tmp_path) as workspace:
        for serve in (workspace.spec.serve, ServeSpec()):
            publisher = Publisher(
                workspace.home,
                workspace.metadata,
                workspace.endpoints,
                workspace.registry,
                workspace.blobs_url,
                serve,
            )
            generation = publisher.publish()
            routes = read_routes(workspace.home)
            assert routes is not None
            probes = [token.id for token in routes.tokens]
            assert probes == (["probe"] if generation == 1 else [])  # rollouts ask by it
            assert replace(routes, tokens=()) == Routes(
                generation=generation,
                blobs=workspace.blobs_url,
                limits=LimitsSpec(rows=7) if generation == 1 else LimitsSpec(),
                memory=2_000_000_000 if generation == 1 else None,
                idle=900.0 if generation == 1 else None,
                tokens_required=generation == 1,
            )
