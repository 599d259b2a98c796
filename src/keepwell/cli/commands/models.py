"""`keepwell models`: versions, which one serves, and moving between them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.commands.runs import in_order, interval
from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, ago
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion, Parity, Proof
    from keepwell.workspace import Workspace

app = command_app(group=True)

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL] [VERSION]",
        help="A number or an alias; the project's model and its newest version unless said.",
        show_default=False,
    ),
]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit.")]


@app.callback()
def models() -> None:
    """List, show and promote model versions, or roll back to the one before."""


@app.command("list", epilog=examples("keepwell models", "keepwell models list --json"))
def list_models(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """List every version of every model, newest first, with its aliases."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        registry = workspace.registry
        versions = [item for name in registry.models() for item in registry.versions(name)]
        aliases = {
            (name, number): [alias for alias, at in registry.aliases(name).items() if at == number]
            for name, number in ((item.model, item.version) for item in versions)
        }

    def brief(item: "ModelVersion") -> dict[str, object]:
        return {
            "name": item.model,
            "version": item.version,
            "aliases": aliases[item.model, item.version],
            "learner": item.learner,
            "metrics": {name: metric.value for name, metric in item.metrics.items()},
            "gate": None if item.gate is None else item.gate.passed,
            "run": item.run,
            "dataset": item.dataset,
            "created": item.created,
        }

    def tell() -> None:
        rows = [
            [
                item.key,
                ", ".join(aliases[item.model, item.version]),
                item.learner,
                _score(item),
                "" if item.gate is None else "passed" if item.gate.passed else "closed",
                ago(item.created),
            ]
            for item in versions
        ]
        out.table(["model", "aliases", "learner", "score", "gate", "made"], rows)

    out.answer({"models": [brief(item) for item in versions]}, tell)


@app.command(
    "show", epilog=examples("keepwell models show 3", "keepwell models show churn champion")
)
def show_model(
    words: Words = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one version: what it takes, how good it is, what matters to it, its gate."""
    from keepwell.operations.build.recipe import evaluation_of
    from keepwell.operations.lighter import lighter_of, lighter_variants, told

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = named_version(words, workspace)
        judged = evaluation_of(workspace.runs, found.run)
        evidence = lighter_of(workspace.bench, found)
        variants = lighter_variants(workspace.bench, found, gated=False)
    from keepwell.infrastructure.codec import to_plain

    def tell() -> None:
        _tell(out, found)
        if evidence is not None:
            out.say(f"  lighter: {told(evidence, found.key)}")
            out.say(f"  kept: {evidence.form}")
        for one in variants:
            out.say(f"  lighter: {told(one.evidence, one.version.key)}{_closed(one.version)}")
        for part in judged.slices if judged is not None else ():
            out.say(f"  worse {part.words}")

    slices = [to_plain(part) for part in judged.slices] if judged is not None else None
    lighter = {
        "lighter": None if evidence is None else to_plain(evidence),
        "variants": [{"model": one.version.key} | to_plain(one.evidence) for one in variants],
    }
    out.answer(to_plain(found) | {"slices": slices} | lighter, tell)


@app.command(
    "report", epilog=examples("keepwell models report 3", "keepwell models report 3 -o r.html")
)
def report(
    words: Words = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The file; MODEL-vVERSION.html unless said.", dir_okay=False
        ),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the report on a version: one HTML file, plots inside, no network needed.

    In plain words on top: what was built, how good it is, what matters, where it fails. For experts below.
    """
    from keepwell.operations.reports import open_dossier, render_report

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        version = named_version(words, workspace)
        text = render_report(open_dossier(workspace.bench, version), now=workspace.clock.now())
    path = output or Path(f"{version.model}-v{version.version}.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    document = {"model": version.key, "file": str(path), "bytes": len(text.encode())}
    out.answer(document, lambda: out.say(f"report  {path}", style="bold"))


@app.command("card", epilog=examples("keepwell models card 3", "keepwell models card -o CARD.md"))
def card(
    words: Words = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The file; standard output unless said.", dir_okay=False
        ),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the model card of a version as Markdown, from evidence and from `card:` in keepwell.yaml."""
    from keepwell.operations.reports import card_markdown, open_dossier

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        version = named_version(words, workspace)
        text = card_markdown(open_dossier(workspace.bench, version))
    if output is not None:
        output.write_text(text, encoding="utf-8")
    document = {"model": version.key, "file": str(output) if output else None, "card": text}
    out.answer(document, lambda: out.say(f"card  {output}" if output else text.rstrip()))


@app.command(
    "fairness",
    epilog=examples("keepwell models fairness", "keepwell models fairness 3 --by gender --by age"),
)
def fairness(
    words: Words = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Column whose groups are compared; may be repeated."),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="File with labelled rows; else the version's own test rows."),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Measure how a version treats groups: rates, gaps with intervals, what thresholds would change.

    The columns are those of `fairness.columns` in keepwell.yaml, and those that look protected, unless said.
    """
    from keepwell.cli.commands.explain.fairness import tell_fairness
    from keepwell.data.tables import read_table
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.insight.fairness import make_fairness

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        version = named_version(words, workspace)
        table = read_table(str(rows), Path.cwd()) if rows is not None else None
        views = make_fairness(workspace.bench, version, by=by or (), rows=table)
    document = {"model": version.key, "fairness": [to_plain(view) for view in views]}
    out.answer(document, lambda: tell_fairness(out, version, views))


@app.command("code", epilog=examples("keepwell models code 3", "keepwell models code 3 -o again"))
def code(
    words: Words = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder; MODEL-vVERSION-code unless said.", file_okay=False
        ),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the program that makes a version again: plain Python, and the rows that it reads."""
    from keepwell.operations.reproduction import write_material

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        version = named_version(words, workspace)
        folder = output or Path(f"{version.model}-v{version.version}-code")
        write_material(workspace.bench, version, folder)
    files = sorted(item.name for item in folder.iterdir())
    document = {"model": version.key, "folder": str(folder), "files": files}
    out.answer(document, lambda: out.say(f"code  python {folder / 'train.py'}", style="bold"))


@app.command("trust", epilog=examples("keepwell models trust 3"))
def trust(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL] VERSION", help="A number or an alias.", show_default=False),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Let this workspace load a version that holds Python code of its maker's: read that code first."""
    from keepwell.operations.build.own.trusting import trust_version

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        model, version = named(words, workspace)
        found = trust_version(workspace.bench, model, version or "champion")
    out.answer(
        found,
        lambda: out.say(
            f"✓ {found['model']} may be loaded here; its code: {', '.join(found['code'])}"
        ),
    )


@app.command(
    "register",
    epilog=examples(
        "keepwell models register model.onnx --rows test.csv --target left",
        "keepwell models register model.onnx --rows test.parquet --target left --classes no,yes",
    ),
)
def register(
    model: Annotated[Path, typer.Argument(metavar="MODEL.onnx", help="The ONNX model's file.")],
    rows: Annotated[
        str,
        typer.Option(
            "--rows", help="File with rows that it was not fitted on: CSV, Parquet, JSON Lines."
        ),
    ],
    target: Annotated[
        str, typer.Option("--target", help="Column that it predicts; the project's unless said.")
    ] = "",
    classes: Annotated[
        str,
        typer.Option(
            "--classes", help="Its labels, a,b,c, in the order of its output, if it names none."
        ),
    ] = "",
    reference: Annotated[
        str,
        typer.Option(
            "--reference", help="Column with its own answers, made elsewhere, to compare."
        ),
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Register an ONNX model from anywhere as the project's next version.

    It is measured on the rows, compared with the champion on them, and gated; `promote` lets it serve.
    """
    from keepwell.data.tables import read_table
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.own_model import register_own

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        table = read_table(rows, Path.cwd())
        found = register_own(
            workspace.bench,
            model,
            table,
            target or workspace.spec.data.target,
            classes=_labels(classes, table, target or workspace.spec.data.target),
            reference=reference or None,
        )
    out.answer(to_plain(found), lambda: _tell(out, found))


def _labels(words: str, table: Any, target: str) -> list[Any] | None:
    """Return the classes that `a,b,c` means: of the target's own type, where it holds no text."""
    if not words:
        return None
    said = [word.strip() for word in words.split(",")]
    values = table[target].to_pylist() if target in table.column_names else []
    by_word = {str(value): value for value in values if value is not None}
    return [by_word.get(word, word) for word in said]


@app.command(
    "promote",
    epilog=examples('keepwell models promote 3 --why "passed the review"'),
)
def promote(
    words: Annotated[
        list[str], typer.Argument(metavar="[MODEL] VERSION", help="The version that is to serve.")
    ],
    why: Why = "by hand",
    force: Annotated[bool, typer.Option("--force", help="Even if its gate is closed.")] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a version the champion at once: the endpoint answers with it from now on."""
    from keepwell.operations import promotion

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        model, wanted = named(words, workspace)
        _must_serve(model, workspace)
        version = workspace.registry.get(model, wanted or None).version
        before = promotion.promote(workspace.bench, version, why, force=force)
    _answer(out, model, version, before)


@app.command(
    "rollback", epilog=examples("keepwell models rollback", "keepwell models rollback churn")
)
def rollback(
    model: Annotated[
        str, typer.Argument(help="The project's model unless said.", show_default=False)
    ] = "",
    why: Why = "rolled back by hand",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Go back to the version that was champion before this one."""
    from keepwell.operations import promotion

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name = workspace.spec.name
        _must_serve(model or name, workspace)
        version, before = promotion.rollback(workspace.bench, why)
    _answer(out, name, version, before)


def named_version(words: list[str] | None, workspace: "Workspace") -> "ModelVersion":
    """Return the version that `[MODEL] [VERSION]` name; the project's newest if nothing is said."""
    model, version = named(words, workspace)
    return workspace.registry.get(model, version or None)


def named(words: list[str] | None, workspace: "Workspace") -> tuple[str, str]:
    """Return the model and the version that `[MODEL] [VERSION]` name; a lone word is the version."""
    match words or []:
        case []:
            return workspace.spec.name, ""
        case [word]:
            is_model = word in workspace.registry.models() and word != workspace.spec.name
            return (word, "") if is_model else (workspace.spec.name, word)
        case [model, version]:
            return model, version
        case more:
            raise UsageError(
                f"a model and a version are wanted, got {' '.join(more)}",
                now="for example: keepwell models show churn 3",
            )


def _must_serve(model: str, workspace: "Workspace") -> None:
    if model != workspace.spec.name:
        raise UsageError(
            f"'{model}' is not the model that this project serves",
            why=f"its endpoint answers with versions of '{workspace.spec.name}'",
            now="leave the model out",
        )


def _answer(out: Output, name: str, version: int, before: int | None) -> None:
    document = {
        "model": {"name": name, "version": version, "aliases": ["champion"]},
        "before": before,
    }
    was = f" (was {name}/{before})" if before is not None and before != version else ""
    out.answer(document, lambda: out.say(f"champion  {name}/{version}{was}", style="bold"))


def _score(item: "ModelVersion") -> str:
    estimate = item.metrics.get(item.metric)
    return f"{item.metric} {estimate.value:.4f}" if estimate else ""


def _closed(item: "ModelVersion") -> str:
    return "" if item.gate is not None and item.gate.passed else "; its gate is closed"


def _apart(parity: "Parity") -> str:
    return (
        f"largest difference {parity.largest_difference:.3g} on {parity.rows:,} rows, "
        f"{parity.beyond:.2%} beyond 1e-5"
    )


def _compiled(proof: "Proof") -> str:
    """Say whether the version is compiled, on what evidence, or why not."""
    if not proof.compiled:
        as_it_is = "runs as it is" in proof.reason
        return f"no: {proof.reason}" if as_it_is else f"no, runs as it is: {proof.reason}"
    proven = f"equals the original on {proof.rows:,} rows, within {proof.largest_difference:.2g}"
    return f"{'in part' if proof.kept else 'yes'}; {proven}"


def _tell(out: Output, item: "ModelVersion") -> None:
    out.say(f"model {item.key}", style="bold")
    signature = item.signature
    out.facts(
        {
            "task": signature.task.value,
            "target": signature.target or None,
            "classes": ", ".join(map(str, signature.classes)) or None,
            "learner": item.learner,
            "dataset": item.dataset,
            "run": item.run,
            "compiled": None if item.proof is None else _compiled(item.proof),
            "as ONNX": None if item.parity is None else _apart(item.parity),
        }
    )
    for label, meaning in zip(signature.classes, signature.meanings, strict=False):
        out.say(f"  {label}: {meaning}")
    for part in item.proof.kept if item.proof else ():
        out.say(f"  runs as it is: {part.name} ({part.reason})")
    rows = [[name, value.value, interval(value)] for name, value in in_order(item.metrics)]
    out.table(["metric", "value", "95% interval"], rows)
    weight = sorted(signature.inputs, key=lambda f: -item.importance.get(f.name, 0.0))
    columns = ["input", "type", "required", "importance"]
    out.table(
        columns, [[f.name, f.type.value, f.required, item.importance.get(f.name)] for f in weight]
    )
    for check in item.gate.checks if item.gate else ():
        out.say(f"  {'✓' if check.passed else '✗'} {check.name}: {check.detail or check.value}")
