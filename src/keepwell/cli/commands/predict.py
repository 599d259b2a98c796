"""`keepwell predict`: one row or a whole file, scored by a registered version."""

import json
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
from keepwell.core.durations import parse_duration
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion
    from keepwell.deployment.scoring import Scorer
    from keepwell.workspace import Workspace

app = command_app()


@app.command(
    epilog=examples(
        "keepwell predict new.parquet -o scored.parquet",
        "keepwell predict 's3://lake/new/*.parquet' -o s3://lake/scored/",
        "keepwell predict --follow events.jsonl -o answers.jsonl",
        "keepwell predict --follow events.jsonl -o answers.jsonl --until-idle 30s",
        "keepwell predict --job nightly",
        """keepwell predict --json '{"tenure": 3, "Contract": "One year"}'""",
    )
)
def predict(
    rows: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|ROW",
            help="Rows: a file, folder or glob, s3://, a Delta table; or a row (or a list) as JSON.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Where the answers go: .parquet, .csv, .jsonl, .delta, or a folder/; also s3://.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str, typer.Option(help="Number or alias of the model version.")
    ] = "champion",
    job: Annotated[
        str | None,
        typer.Option(help="Carry out this job of `batch:` now.", show_default=False),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Answer events as they come, until stopped: a .jsonl file, - or kafka://.",
        ),
    ] = False,
    until_idle: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="With --follow: end once no event came for so long, such as 30s.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is at the output.")
    ] = False,
    log: Annotated[
        bool,
        typer.Option("--log", help="Also write the predictions to the log that monitors read."),
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Score rows with the champion, in this process: no server is needed.

    A run that was killed goes on where it stopped when it is started again; the output appears when it
    is whole. Nothing is logged unless --log says so.
    """
    from keepwell.cli import batch_scoring

    out = Output(as_json=as_json)
    idle = _idle(until_idle, follow=follow)
    if job is not None:
        if rows is not None or output is not None or follow:
            raise UsageError(
                "--job goes alone",
                why=f"source and output of '{job}' stand in keepwell.yaml",
                now=f"keepwell predict --job {job}",
            )
        with open_workspace(project) as workspace:
            batch_scoring.carry_out(out, workspace, job)
        return
    if rows is None:
        raise UsageError(
            "what should be scored?",
            why="neither a file nor a row was given",
            now="keepwell predict new.csv -o scored.csv",
        )
    with open_workspace(project) as workspace:
        if follow:
            batch_scoring.follow(out, workspace, version, rows, output, idle=idle)
            return
        model = workspace.registry.get(workspace.spec.name, version)
        if rows.lstrip()[:1] in ("{", "["):
            _score_rows(out, workspace, model, rows)
        else:
            wish = batch_scoring.Wish(source=rows, output=output, log=log, overwrite=overwrite)
            batch_scoring.score_source(out, workspace, model, wish)


def _idle(text: str | None, *, follow: bool) -> float | None:
    """Return how many seconds without an event end a stream."""
    if text is None:
        return None
    if not follow:
        raise UsageError(
            "--until-idle goes with --follow",
            why="a file of rows ends by itself",
            now="keepwell predict --follow events.jsonl -o answers.jsonl --until-idle 30s",
        )
    try:
        return float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text)
    except ValueError:
        raise UsageError(
            f"'{text}' in --until-idle is no duration", now="write for example 30s, 5m"
        ) from None


def load(workspace: "Workspace", model: "ModelVersion") -> "Scorer":
    """Return the scorer of a model version."""
    from keepwell.deployment.scoring import load_scorer
    from keepwell.tracking.bundles import unpack

    return load_scorer(lambda name: unpack(workspace.blobs, model.bundle, name), model.signature)


def _score_rows(out: Output, workspace: "Workspace", model: "ModelVersion", rows: str) -> None:
    try:
        parsed = json.loads(rows)
    except ValueError as error:
        raise UsageError(
            "the row is not JSON",
            why=str(error),
            now="""for example '{"tenure": 3}', in single quotes""",
        ) from None
    instances = parsed if isinstance(parsed, list) else [parsed]
    from keepwell.operations.windows.asking import completed

    given = completed(workspace.home, model, instances, workspace.clock.now())
    scores = load(workspace, model).rows(given)
    document: dict[str, Any] = {"predictions": scores.predictions}
    if scores.probabilities is not None:
        classes = [str(label) for label in model.signature.classes]
        document["probabilities"] = [
            dict(zip(classes, row, strict=True)) for row in scores.probabilities.tolist()
        ]
    document["model"] = {"name": model.model, "version": model.version}
    if scores.quantiles is not None:
        from keepwell.deployment.labels import Labels

        document["quantiles"] = Labels(model.signature).quantiles(scores.quantiles)
    if scores.warnings:
        document["warnings"] = scores.warnings

    def tell() -> None:
        for place, answer in enumerate(scores.predictions):
            likely = document.get("probabilities", [])[place : place + 1]
            shown = "  ".join(
                f"{name} {share:.1%}" for item in likely for name, share in item.items()
            )
            for item in document.get("quantiles", [])[place : place + 1]:
                shown = "  ".join(f"{level}: {value:g}" for level, value in item.items())
            out.say(f"{answer}  {shown}".rstrip())
        for warning in scores.warnings:
            out.note(f"! {warning}")

    out.answer(document, tell)
