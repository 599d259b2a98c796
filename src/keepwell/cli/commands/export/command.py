"""`keepwell export`: what was typed, and what is answered."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.commands.export import watching
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
    from keepwell.deployment.targets import Exported

app = command_app()


@app.command(
    epilog=examples(
        "keepwell export",
        "keepwell export docker -o churn-image",
        "keepwell export kubernetes churn@3 -o manifests --option replicas=3",
        "keepwell export grafana dashboards",
        "keepwell export prometheus-rules keepwell-rules.yaml",
    )
)
def export(
    target: Annotated[
        str,
        typer.Argument(help="The form; without one, all of them are listed.", show_default=False),
    ] = "",
    model: Annotated[
        str,
        typer.Argument(
            metavar="[MODEL[@VERSION]]",
            help="A model, a number or an alias; the champion unless said, else the newest."
            " Of grafana and prometheus-rules: where to.",
            show_default=False,
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the files.", show_default=False),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            help="A choice of the target, as name=value; may be said several times.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what an earlier export left there.")
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write a model version in a form that runs elsewhere, without Keepwell's server.

    `grafana` and `prometheus-rules` write what those watch Keepwell by.

    The files appear as a whole or not at all. A folder that holds anything else is left alone.
    """
    out = Output(as_json=as_json)
    if not target:
        _list_targets(out)
        return
    if target in watching.SUMMARIES:
        watching.write(out, target, model or str(output or ""), project, force=force)
        return
    from keepwell.cli.commands.export.subject import exportable, named
    from keepwell.deployment.targets import export as write
    from keepwell.deployment.targets.exporting import find_target

    find_target(target)  # a wrong name is told before anything is opened
    if output is None:
        raise UsageError(
            f"where should the files of '{target}' go?",
            why="an export is a folder of files",
            now=" ".join(["keepwell export", target, *([model] if model else []), "-o exported"]),
        )
    options = _pairs(option or [])
    with open_workspace(project) as workspace:
        found = named(model, workspace)
        exported = write(target, exportable(found, workspace), output, options, force=force)
        if exported.parity is not None:
            workspace.registry.record_parity(found.model, found.version, exported.parity)
    _answer(out, target, found, output, exported)


def _pairs(words: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise UsageError(
                f"'{word}' is not an option",
                why="an option is a name and a value",
                now=f"--option {name or 'name'}=VALUE",
            )
        pairs[name] = value
    return pairs


def _list_targets(out: Output) -> None:
    from keepwell.deployment.targets.exporting import find_target, targets

    found = {name: find_target(name) for name in targets()}
    document = [
        {
            "name": name,
            "summary": target.summary,
            "options": [
                {
                    "name": option.name,
                    "default": option.default,
                    "meaning": option.meaning,
                    "choices": list(option.choices),
                }
                for option in target.options
            ],
        }
        for name, target in found.items()
    ]
    document += [
        {"name": name, "summary": summary, "options": []}
        for name, summary in watching.SUMMARIES.items()
    ]

    def tell() -> None:
        summaries = [[name, target.summary] for name, target in found.items()]
        summaries += [[name, summary] for name, summary in watching.SUMMARIES.items()]
        out.table(["target", "what comes out"], summaries)
        rows = [
            [name, option.name, option.default, option.meaning]
            for name, target in found.items()
            for option in target.options
        ]
        if rows:
            out.say()
            out.table(["target", "--option", "default", "meaning"], rows)

    out.answer({"targets": document}, tell)


def _answer(
    out: Output, target: str, version: "ModelVersion", folder: Path, exported: "Exported"
) -> None:
    document = {
        "target": target,
        "model": {"name": version.model, "version": version.version},
        "output": str(folder),
        "size": exported.size,
        "files": [
            {"name": file.name, "size": file.size, "digest": file.digest} for file in exported.files
        ],
        "figures": exported.figures,
        "notes": list(exported.notes),
    }

    def tell() -> None:
        count = len(exported.files)
        out.say(f"{target}  {version.key} → {folder}", style="bold")
        out.facts(
            {"files": count, "size": f"{exported.size / 1e6:,.2f} MB"}
            | {name.replace("_", " "): figure for name, figure in exported.figures.items()}
        )
        for note in exported.notes:
            out.say(f"  {note}")

    out.answer(document, tell)
