"""`keepwell predict`: one row or a whole file, scored by a registered version."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion
    from keepwell.deployment.scoring import Scorer
    from keepwell.workspace import Workspace

app = command_app()


@app.command(
    epilog=examples(
        "keepwell predict new.parquet -o scored.parquet",
        """keepwell predict --json '{"tenure": 3, "Contract": "One year"}'""",
    )
)
def predict(
    rows: Annotated[
        str,
        typer.Argument(
            metavar="FILE|ROW", help="A file of rows, or one row (or a list of rows) as JSON."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File for the answers to a file: .parquet, .csv or .jsonl.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str, typer.Option(help="Number or alias of the model version.")
    ] = "champion",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Score rows with the champion, in this process: no server is needed, and nothing is logged."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        model = workspace.registry.get(workspace.spec.name, version)
        scorer = load(workspace, model)
    if rows.lstrip()[:1] in ("{", "["):
        _score_rows(out, scorer, model, rows)
    else:
        _score_file(out, scorer, model, rows, output)


def load(workspace: "Workspace", model: "ModelVersion") -> "Scorer":
    """Return the scorer of a model version."""
    from keepwell.deployment.scoring import load_scorer
    from keepwell.tracking.bundles import unpack

    return load_scorer(lambda name: unpack(workspace.blobs, model.bundle, name), model.signature)


def _score_rows(out: Output, scorer: "Scorer", model: "ModelVersion", rows: str) -> None:
    try:
        parsed = json.loads(rows)
    except ValueError as error:
        raise UsageError(
            "the row is not JSON",
            why=str(error),
            now="""for example '{"tenure": 3}', in single quotes""",
        ) from None
    instances = parsed if isinstance(parsed, list) else [parsed]
    scores = scorer.rows(instances)
    document: dict[str, Any] = {"predictions": scores.predictions}
    if scores.probabilities is not None:
        classes = [str(label) for label in model.signature.classes]
        document["probabilities"] = [
            dict(zip(classes, row, strict=True)) for row in scores.probabilities.tolist()
        ]
    document["model"] = {"name": model.model, "version": model.version}
    if scores.warnings:
        document["warnings"] = scores.warnings

    def tell() -> None:
        for place, answer in enumerate(scores.predictions):
            likely = document.get("probabilities", [])[place : place + 1]
            shown = "  ".join(
                f"{name} {share:.1%}" for item in likely for name, share in item.items()
            )
            out.say(f"{answer}  {shown}".rstrip())
        for warning in scores.warnings:
            out.note(f"! {warning}")

    out.answer(document, tell)


def _score_file(
    out: Output, scorer: "Scorer", model: "ModelVersion", source: str, output: Path | None
) -> None:
    from keepwell.deployment.batch import predict_file

    if output is None:
        raise UsageError(
            f"where should the answers to {source} go?",
            why="a file of rows is answered by a file",
            now=f"keepwell predict {source} -o scored.parquet",
        )
    start = time.perf_counter()
    count = predict_file(scorer, source, output, version=model.version)
    seconds = time.perf_counter() - start
    document = {
        "rows": count,
        "output": str(output),
        "seconds": round(seconds, 3),
        "model": {"name": model.model, "version": model.version},
    }
    out.answer(
        document,
        lambda: out.say(f"{count:,} rows scored by {model.key} in {seconds:.1f} s: {output}"),
    )
