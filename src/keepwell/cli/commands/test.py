"""`keepwell test`: the data, the training and the model, checked without changing anything."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from keepwell.operations.verification import Outcome

app = command_app()

GROUPS = ("data", "training", "prediction", "own")
SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("-", "yellow")}
_NOTHING_COLLECTED = 5


@app.command(
    epilog=examples(
        "keepwell test",
        "keepwell test --only prediction --version challenger",
        "keepwell test --json > report.json",
    )
)
def check(
    only: Annotated[
        list[str] | None,
        typer.Option(help=f"Group of checks: {', '.join(GROUPS)}; may be repeated."),
    ] = None,
    version: Annotated[
        str, typer.Option(help="Version or alias to ask; the champion.", show_default=False)
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> int:
    """Check that the data keeps its contract, that training works, that the model answers as it should.

    Nothing is recorded. Files `tests/test_*.py` of the project run as well, by pytest. The exit code is 1
    if a check failed.
    """
    from dataclasses import asdict

    from keepwell.operations.verification import Subject, verify
    from keepwell.operations.verification.data import CHECKS as DATA
    from keepwell.operations.verification.predictions import CHECKS as PREDICTIONS
    from keepwell.operations.verification.training import CHECKS as TRAINING

    out = Output(as_json=as_json)
    wanted = _groups(only)
    outcomes: list[Outcome] = []

    def told(outcome: "Outcome") -> None:
        outcomes.append(outcome)
        if not as_json:
            sign, style = SIGNS[outcome.status]
            out.say(f"{sign} {outcome.group:<10}  {outcome.name}", style=style)
            out.say(f"  {'':<10}  {outcome.detail} ({outcome.seconds:.1f} s)")

    with open_workspace(project) as workspace:
        subject = Subject(workspace.bench, version)
        checks = [one for one in (*DATA, *TRAINING, *PREDICTIONS) if one.group in wanted]
        for outcome in verify(subject, checks):
            told(outcome)
        if "own" in wanted and (own := _own(workspace.root)) is not None:
            told(own)
    counts = {status: sum(one.status == status for one in outcomes) for status in SIGNS}

    def tell() -> None:
        out.say(", ".join(f"{count} {status}" for status, count in counts.items()))

    out.answer({**counts, "checks": [asdict(one) for one in outcomes]}, tell)
    return 1 if counts["failed"] else 0


def _groups(only: list[str] | None) -> set[str]:
    from keepwell.core.errors import UsageError
    from keepwell.core.suggestions import did_you_mean

    for group in only or ():
        if group not in GROUPS:
            raise UsageError(
                f"there is no group of checks '{group}'",
                why=f"there are: {', '.join(GROUPS)}",
                now=did_you_mean(group, GROUPS) or "leave --only out for all",
            )
    return set(only or GROUPS)


def _own(root: Path) -> "Outcome | None":
    """Run the project's own tests; None where it has none."""
    import importlib.util
    import time

    from keepwell.operations.verification import Outcome

    folder = root / "tests"
    if not list(folder.glob("test_*.py")):
        return None
    name = "the project's own tests pass"
    if importlib.util.find_spec("pytest") is None:
        why = "pytest is not installed: pip install pytest"
        return Outcome(group="own", name=name, status="failed", detail=why, seconds=0.0)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(root), str(folder)]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    lines = ended.stdout.strip().splitlines() or ended.stderr.strip().splitlines() or ["no word"]
    passed = ended.returncode in (0, _NOTHING_COLLECTED)
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return Outcome(
        group="own",
        name=name,
        status="passed" if passed else "failed",
        detail="; ".join([lines[-1].strip("= "), *failed[:5]]),
        seconds=round(time.perf_counter() - begun, 3),
    )
