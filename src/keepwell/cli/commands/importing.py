"""`keepwell import`: what another workspace has written."""

from pathlib import Path
from typing import Annotated

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
from keepwell.core.errors import IntegrityError

app = command_app()


@app.callback()
def import_() -> None:
    """Take in a version that another workspace has exported (`keepwell export bundle`)."""


@app.command(
    "bundle",
    epilog=examples(
        "keepwell import bundle churn-3.keepwell",
        "keepwell import bundle churn-3.keepwell --as churn-staging --sha256 9f3a…",
    ),
)
def bundle(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `keepwell export bundle` wrote.")
    ],
    model: Annotated[
        str,
        typer.Option(
            "--as",
            help="The model whose version it becomes; by default the one that it was.",
            show_default=False,
        ),
    ] = "",
    sha256: Annotated[
        str,
        typer.Option(
            help="The digest that the export printed; anything else is refused.",
            show_default=False,
        ),
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Register a version from another workspace: the same files, by the same digests.

    It keeps its metrics, its proof and its gate, and serves once it is promoted. A file that was
    altered is refused. The same version a second time changes nothing.
    """
    from keepwell.deployment.archives import artifact_of, read_archive
    from keepwell.operations.importing import import_version

    out = Output(as_json=as_json)
    archive = read_archive(file)
    if sha256 and archive.digest != sha256.lower().removeprefix("sha256:"):
        raise IntegrityError(
            f"{file} is not the archive that was exported",
            why=f"its SHA-256 is {archive.digest}",
            now="get it again from where it was written",
        )
    with open_workspace(project) as workspace:
        version, new = import_version(workspace.bench, archive, model)
        serves = version.model == workspace.spec.name
        own = workspace.spec.name
    artifact = artifact_of(version.bundle)
    document = {
        "model": {"name": version.model, "version": version.version},
        "from": archive.version.key,
        "new": new,
        "artifact": artifact,
        "files": {item.name: item.digest for item in version.bundle.files},
    }

    def tell() -> None:
        came = f"from {archive.version.key}" if new else "was here already"
        out.say(f"model {version.key}  {came}", style="bold")
        out.facts({"artifact": artifact, "files": len(version.bundle.files)})
        if serves:
            out.say(f"  keepwell models promote {version.version}")
        else:
            out.say(f"  This project serves '{own}': import it with --as {own} to serve it.")

    out.answer(document, tell)
