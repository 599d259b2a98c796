"""One script, run as a child process that knows which run it belongs to."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepwell.core.errors import BusyError, NotFoundError
from keepwell.core.records import Run
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.locks import exclusive
from keepwell.infrastructure.own_sources import own_sources
from keepwell.operations.build.bench import Bench
from keepwell.operations.scripts.environment import PROJECT, RUN

KIND = "script"
_KEPT_OUTPUT = 1 << 20  # bytes of what it printed


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptResult:
    """How a script ended.

    Attributes:
        run: Its run, as it stands now.
        code: Its exit code.
        resumed: Whether it went on with an earlier run.
        serving: What its model did behind the endpoint, if it registered one whose gate passed.
    """

    run: Run
    code: int
    resumed: bool
    serving: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready document."""
        from keepwell.infrastructure.codec import to_plain

        return {
            "run": to_plain(self.run), "exit_code": self.code,
            "resumed": self.resumed, "serving": self.serving,
        }  # fmt: skip


def run_script(
    bench: Bench,
    script: Path,
    arguments: Sequence[str] = (),
    *,
    fresh: bool = False,
    say: Callable[[str], None] = lambda text: None,
    echo: Callable[[bytes], None] = lambda data: None,
) -> ScriptResult:
    """Run a training script to its end.

    If the last run of the same script, unchanged and with the same arguments, did not end by itself, this
    is that run going on: its curves grow on, and `kw.watch` finds its last checkpoint.

    Args:
        bench: The workspace's parts.
        script: The file.
        arguments: What it is called with.
        fresh: Begin a new run in any case.
        say: Hears what is done.
        echo: Hears what the script prints, as it prints it.

    Raises:
        NotFoundError: If there is no such file.
        BusyError: If the same script runs already.
    """
    path = script.resolve()
    if not path.is_file():
        beside = [item.name for item in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise NotFoundError(
            f"there is no script {script}",
            why=f"{path.parent} has {', '.join(sorted(beside)[:10]) or 'no Python files'}",
            now=did_you_mean(path.name, beside) or "correct the name",
        )
    tags = {
        "script": os.path.relpath(path, bench.spec.root),
        "code": _digest(path),
        "arguments": json.dumps(list(arguments)),
    }
    lock = (
        bench.home
        / "run"
        / f"script-{hashlib.sha256(tags['script'].encode()).hexdigest()[:12]}.lock"
    )
    try:
        with exclusive(lock, f"keepwell run --script {script}", timeout=0):
            return _run(bench, path, arguments, tags, fresh=fresh, say=say, echo=echo)
    except BusyError as error:
        raise BusyError(
            f"{script} runs already", why=error.what, now="keepwell runs show latest --follow"
        ) from None


def _run(
    bench: Bench,
    path: Path,
    arguments: Sequence[str],
    tags: dict[str, str],
    *,
    fresh: bool,
    say: Callable[[str], None],
    echo: Callable[[bytes], None],
) -> ScriptResult:
    bench.must_allow(f"the script {tags['script']}")
    runs = bench.runs
    stopped = None if fresh else _stopped(bench, tags, say)
    if stopped is None:
        params = {"script": tags["script"], "arguments": " ".join(arguments) or None}
        run = runs.start(bench.spec.name, KIND, params=params, tags=tags, root=path.parent)
        say(f"run {run.id}: {tags['script']}")
    else:
        run = runs.resume(stopped.id)
        say(f"run {run.id} goes on where it was stopped")
    runs.attach(run.id, f"code/{path.name}", path, "text/x-python")
    try:
        code, printed = _child(bench, run, path, arguments, echo)
    except BaseException:
        runs.fail(run.id, "interrupted", killed=True)
        raise
    _keep(bench, run, printed)
    if code == 0:
        run = runs.finish(run.id, metrics={})
        return ScriptResult(
            run=run, code=0, resumed=stopped is not None, serving=_take_over(bench, run)
        )
    killed = code < 0
    why = (
        f"killed by {signal.Signals(-code).name}"
        if killed
        else _last_line(printed) or f"exit code {code}"
    )
    run = runs.fail(run.id, why, killed=killed)
    return ScriptResult(run=run, code=code, resumed=stopped is not None)


def _stopped(bench: Bench, tags: dict[str, str], say: Callable[[str], None]) -> Run | None:
    """Return the last run of this script, if it was stopped and has a checkpoint to go on from."""
    earlier = [
        run
        for run in bench.runs.find(bench.spec.name, kind=KIND)
        if run.tags.get("script") == tags["script"]
    ]
    if not earlier or earlier[0].status == "done":
        return None
    last = earlier[0]
    if not any((bench.home / "checkpoints" / last.id).glob("*.pt")):
        if last.status == "running":  # its process is gone: the lock is ours
            bench.runs.fail(last.id, "its process was killed", killed=True)
        return None
    if {**last.tags, **tags} == last.tags:
        return last
    if last.status == "running":
        bench.runs.fail(last.id, "its process was killed", killed=True)
    say(f"a new run, not run {last.id} going on: the script or its arguments changed since")
    return None


def _child(
    bench: Bench, run: Run, path: Path, arguments: Sequence[str], echo: Callable[[bytes], None]
) -> tuple[int, bytes]:
    """Run the script; return its exit code (negative: a signal) and the end of what it printed."""
    child = subprocess.Popen(
        [sys.executable, str(path), *arguments],
        cwd=path.parent,
        env={**os.environ, RUN: run.id, PROJECT: str(bench.spec.root), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed = b""
    try:
        assert child.stdout is not None  # noqa: S101 (it is a pipe)
        while piece := os.read(child.stdout.fileno(), 1 << 16):
            echo(piece)
            printed = (printed + piece)[-_KEPT_OUTPUT:]
        return child.wait(), printed
    except BaseException:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise
    finally:
        if child.stdout is not None:
            child.stdout.close()


def _keep(bench: Bench, run: Run, printed: bytes) -> None:
    """Keep with the run what the script printed, and the checkpoints that it left."""
    if printed:
        bench.runs.attach(run.id, "output.txt", printed, "text/plain")
    for name in ("last.pt", "best.pt"):
        file = bench.home / "checkpoints" / run.id / name
        if file.is_file():
            bench.runs.attach(run.id, f"checkpoints/{name}", file)


def _take_over(bench: Bench, run: Run) -> str:
    """Put the model that the script registered behind the endpoint, if its gate passed."""
    if not run.model:
        return ""
    from keepwell.operations.build.takeover import take_over

    name, _, number = run.model.rpartition("/")
    version = bench.registry.get(name, int(number))
    if version.gate is None or not version.gate.passed:
        return ""
    return take_over(bench, version, version.gate)


def _digest(path: Path) -> str:
    """Return one digest of the script and of what it imports from beside it."""
    whole = hashlib.sha256()
    for name in own_sources([path.name], path.parent):
        file = path.parent / name
        whole.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def _last_line(printed: bytes) -> str:
    """Return the error that a traceback ends with, or else the last line."""
    text = printed.decode(errors="replace")
    _, found, trace = text.rpartition("Traceback (most recent call last):\n")
    lines = [line for line in trace.splitlines() if line.strip()]
    if found:
        lines = [line for line in lines if not line.startswith(" ")][:1] or lines
    return lines[-1].strip()[:300] if lines else ""
