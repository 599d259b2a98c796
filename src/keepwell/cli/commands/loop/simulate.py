"""`keepwell loop simulate`: the past of an endpoint, replayed against policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.options import HERE, AsJson, ProjectFolder, open_workspace
from keepwell.cli.output import Output
from keepwell.cli.progress import watch_build
from keepwell.core.durations import parse_duration
from keepwell.core.errors import UsageError
from keepwell.core.moments import moment

if TYPE_CHECKING:
    from keepwell.operations.simulation import Candidate, Plan
    from keepwell.workspace import Workspace

SIMULATE_EXAMPLES = (
    "keepwell loop simulate",
    "keepwell loop simulate --policy careful.yaml --policy eager.yaml",
    "keepwell loop simulate --act --approve all",
    "keepwell loop simulate churn --from 2026-01-01 --to 2026-03-01 --train 5 --json",
)


def simulate(
    endpoint: Annotated[str, typer.Argument(help="The project's unless said.")] = "",
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file with what differs from keepwell.yaml, such as `loop:`; may be repeated.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str, typer.Option("--from", help="2026-01-31, or 30d ago; else the first prediction.")
    ] = "",
    until: Annotated[
        str, typer.Option("--to", help="Likewise the end; else all that is known.")
    ] = "",
    train: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="Carry retrainings out, too, with so many seconds each; else they are only noted.",
            show_default=False,
        ),
    ] = None,
    act: Annotated[
        bool,
        typer.Option(
            "--act",
            help="Carry out what changes answers (rolling back, recalibrating …); `--train` does.",
        ),
    ] = False,
    approve: Annotated[
        str, typer.Option(help="What people say to proposals: `none` agrees, or `all` do.")
    ] = "none",
    every: Annotated[
        str, typer.Option(help="Time between two looks: 6h; else some hundreds of looks.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="Decisions shown of each policy.")] = 30,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Replay the prediction log against policies: what would have been done, and when.

    Each policy sees what was known at each time and nothing that came later; what really happened stands
    beside. Nothing of the workspace is changed.
    """
    from keepwell.cli.tables.simulation import tell_simulation
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.simulation import Past
    from keepwell.operations.simulation import simulate as replay

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace, watch_build(quiet=as_json) as listener:
        workspace.collector.collect()
        policies = _policies(workspace, policy or [])
        listener.step_started("simulate", "the past, look by look")
        found = replay(
            Past(
                bench=workspace.bench,
                tables=workspace.tables,
                predictions=workspace.predictions,
                incidents=workspace.incidents,
            ),
            endpoint or workspace.spec.endpoint,
            policies,
            _plan(
                workspace.clock.now(), since, until, every, train=train, act=act, approve=approve
            ),
            progress=listener,
        )
    out.answer(to_plain(found), lambda: tell_simulation(out, found, limit))


def _policies(workspace: "Workspace", files: list[Path]) -> "list[Candidate]":
    from keepwell.operations.simulation import PRESENT, Candidate, read_policy
    from keepwell.workspace import PROJECT_FILE

    if not files:
        return [Candidate(name=PRESENT, spec=workspace.spec)]
    named = [read_policy(file, workspace.spec, workspace.root / PROJECT_FILE) for file in files]
    return [Candidate(name=PRESENT, spec=workspace.spec), *named]


def _plan(
    now: float,
    since: str,
    until: str,
    every: str,
    *,
    train: float | None,
    act: bool,
    approve: str,
) -> "Plan":
    from keepwell.operations.simulation import ASSUMPTIONS, Plan

    if approve not in ASSUMPTIONS:
        raise UsageError(
            f"--approve cannot be '{approve}'",
            why=f"a simulation asks nobody: it assumes one of {', '.join(ASSUMPTIONS)}",
            now="keepwell loop simulate --act --approve all",
        )
    try:
        step = parse_duration(every) if every else None
    except ValueError as error:
        raise UsageError(str(error), now="keepwell loop simulate --every 6h") from None
    return Plan(
        since=moment(since, now) if since else None,
        until=moment(until, now) if until else None,
        step=step,
        train=train,
        act=act,
        approve=approve,
    )
