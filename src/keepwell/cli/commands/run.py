"""`keepwell run`: build what is stale."""

from keepwell.cli.build_report import answer_run
from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output
from keepwell.cli.progress import watch_build

app = command_app()


@app.command(
    epilog=examples("keepwell run", "keepwell run -C churn --json > result.json"),
)
def run(project: ProjectFolder = HERE, as_json: AsJson = False) -> int:
    """Build what is stale: ingest, train, register, gate, promote.

    A step whose inputs have not changed is not run again; each that runs says why. A run that was
    stopped goes on where it was. The exit code is 1 if a step failed or the gate stayed closed.
    """
    with open_workspace(project) as workspace, watch_build(quiet=as_json) as listener:
        document = workspace.builder.run(listener).as_dict()
    return answer_run(Output(as_json=as_json), document)
