"""`keepwell predict` for many rows: what is said while it works, and at the end."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepwell.cli.output import Output
from keepwell.cli.progress import watch_build
from keepwell.core.durations import format_duration
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion
    from keepwell.deployment.batch import Scored
    from keepwell.operations.windows.asking import CompletingScorer
    from keepwell.workspace import Workspace

_MOST_COUNTS = 12
_LOOK_EVERY = 5.0  # seconds between two looks at where an alias points


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asked for."""

    source: str
    output: str | None
    log: bool
    overwrite: bool


def score_source(out: Output, workspace: "Workspace", model: "ModelVersion", wish: Wish) -> None:
    """Score a source into an output."""
    from keepwell.operations.batch.scoring import Batch, score

    if wish.output is None:
        raise UsageError(
            f"where should the answers to {wish.source} go?",
            why="a file of rows is answered by a file",
            now=f"keepwell predict {wish.source} -o scored.parquet",
        )
    batch = Batch(
        source=wish.source,
        output=wish.output,
        root=Path.cwd(),
        log=wish.log,
        overwrite=wish.overwrite,
    )
    with watch_build(quiet=out.as_json) as listener:
        listener.step_started("predict", f"{wish.source} by {model.key}")
        scored = score(workspace.bench, workspace.tables, model, batch, listener)
    document = _document(scored, wish.output, model.model, model.version)
    out.answer(document, lambda: _tell(out, scored, wish.output or "", model.key))


def carry_out(out: Output, workspace: "Workspace", name: str) -> None:
    """Carry out a job of the project file."""
    from keepwell.operations.batch.jobs import execute, job_called

    job = job_called(workspace.spec.batch, name)
    with watch_build(quiet=out.as_json) as listener:
        listener.step_started(name, f"{job.source} by {job.version}")
        run, scored = execute(workspace.bench, workspace.tables, job, progress=listener)
    model, _, version = run.model.partition("/")
    output = str(run.params["output"])
    document = _document(scored, output, model, int(version))
    document |= {"job": name, "run": run.id, "inputs": run.params.get("inputs")}

    def tell() -> None:
        _tell(out, scored, output, run.model)
        out.facts({"inputs": run.params.get("inputs"), "run": run.id})

    out.answer(document, tell)


def _document(scored: "Scored", output: str, model: str, version: int) -> dict[str, Any]:
    from keepwell.infrastructure.codec import to_plain

    return {
        "rows": scored.rows,
        "resumed": scored.resumed,
        "output": output,
        "seconds": round(scored.seconds, 3),
        "absent": list(scored.absent),
        "predictions": scored.predictions,
        "unseen": {name: to_plain(novel) for name, novel in scored.unseen.items()},
        "id": scored.id,
        "model": {"name": model, "version": version},
    }


def _tell(out: Output, scored: "Scored", output: str, key: str) -> None:
    if scored.restarted:
        out.note(f"! an earlier run was not gone on with: its {scored.restarted} is another now")
    if scored.absent:
        names = ", ".join(f"'{name}'" for name in scored.absent)
        out.note(f"! no column {names} in the source: it counted as missing in every row")
    for name, novel in scored.unseen.items():
        out.note(f"! {novel.said(name)}")
    out.say(f"{scored.rows:,} rows scored by {key} in {format_duration(scored.seconds)}: {output}")
    if scored.resumed:
        out.say(f"{scored.resumed:,} of them by a run that was stopped")
    counts = list(scored.predictions.items())
    shown = [f"{name} {_number(value)}" for name, value in counts[:_MOST_COUNTS]]
    out.say("  ".join(shown) + (" …" if len(counts) > _MOST_COUNTS else ""))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def follow(
    out: Output,
    workspace: "Workspace",
    alias: str,
    source: str,
    output: str | None,
    *,
    idle: float | None = None,
) -> None:
    """Answer events as they come, until interrupted, idle for so many seconds, or at a pipe's end."""
    from keepwell.deployment.streams import attach, open_stream

    target = output or ("-" if source == "-" else "")
    if not target:
        raise UsageError(
            f"where should the answers to {source} go?",
            why="--follow writes an answer for each event",
            now=f"keepwell predict --follow {source} -o answers.jsonl",
        )
    current = _Current(workspace, alias)
    current()  # what cannot be served is said before anything is read
    stream = open_stream(source, target)
    out.note(_until(source, target, idle))
    with _until_told() as stop:
        done = attach(current, stream, stop=stop, idle=idle)
    document = {"events": done.events, "refused": done.refused, "output": target}
    if target == "-":  # standard output is the answers'
        out.note(f"{done.events:,} events answered, {done.refused:,} of them by an error")
        return
    out.answer(
        document,
        lambda: out.say(
            f"{done.events:,} events answered, {done.refused:,} of them by an error: {target}"
        ),
    )


def _until(source: str, target: str, idle: float | None) -> str:
    """Return how long events are waited for."""
    where = "standard input" if source == "-" else source
    end = "at its end" if source == "-" else ""
    if idle is not None:
        end += f"{' or ' if end else ''}after {format_duration(idle)} without an event"
    told = f"ends {end}" if end else "runs until it is stopped (--until-idle 30s ends it by itself)"
    goes = "standard output" if target == "-" else target
    return f"answers the events of {where} in {goes}; {told}; Ctrl-C stops it"


class _Current:
    """The scorer that an alias stands for; looked up again now and then, for it may move."""

    def __init__(self, workspace: "Workspace", alias: str) -> None:
        self._workspace = workspace
        self._alias = alias
        self._looked = 0.0
        self._known: tuple[CompletingScorer, int] | None = None
        from keepwell.operations.windows.keeping import store_of

        self._store = store_of(workspace.home)

    def __call__(self) -> "tuple[CompletingScorer, int]":
        now = time.monotonic()
        if self._known is not None and now - self._looked < _LOOK_EVERY:
            return self._known
        from keepwell.operations.batch.scoring import scorer_of
        from keepwell.operations.windows.asking import CompletingScorer

        self._looked = now
        model = self._workspace.registry.get(self._workspace.spec.name, self._alias)
        if self._known is None or self._known[1] != model.version:
            scorer = scorer_of(self._workspace.bench, model)
            asked = CompletingScorer(scorer, self._store, self._workspace.clock)
            self._known = (asked, model.version)
        return self._known


@contextlib.contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set: what is in hand is finished first."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
