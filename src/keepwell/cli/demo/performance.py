"""One performance of the demo: a folder, a stage, the story, the verdict, and tidying up."""

import contextlib
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keepwell.cli.demo.plain import Lines
from keepwell.cli.demo.processes import Server
from keepwell.cli.demo.report import document, tell
from keepwell.cli.demo.script import NAME, Timing
from keepwell.cli.demo.stage import Stage
from keepwell.cli.demo.story import Frozen, Story
from keepwell.cli.demo.verdict import judge
from keepwell.cli.output import Output
from keepwell.core.errors import ConflictError


def perform(
    out: Output,
    *,
    keep: Path | None,
    stay: bool,
    port: int,
    seed: int,
    timing: Timing | None = None,
) -> int:
    """Play the demo, tell how it ended, and return the exit code: 0 if the loop healed the model."""
    timing = timing or Timing()
    with (
        _tidy_when_told_to_end(),
        _folder(keep) as folder,
        contextlib.closing(_stage(out)) as stage,
    ):
        story = Story(stage, folder, seed=seed, timing=timing)
        story.prepare()
        with Server(story.project, port or _free_port()) as server:
            moments = story.live(server, frozen_version(story.project))
            stage.close()
            verdict = judge(story.scene.ledger, moments, last_days=timing.after)
            answer = document(story, moments, verdict, kept=keep is not None)
            out.answer(answer, lambda: tell(out, answer))
            if stay:
                _stay(out, story.scene.url)
    return 0 if verdict.is_healed else 1


@contextlib.contextmanager
def _tidy_when_told_to_end() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C, so that the server is stopped and the folder removed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def frozen_version(project: Path) -> Frozen:
    """Return the first model version as a function: what it would have said, had nobody replaced it."""
    from keepwell.deployment.scoring import load_scorer
    from keepwell.tracking.bundles import unpack
    from keepwell.workspace import Workspace

    with Workspace.open(project) as workspace:
        first = workspace.registry.get(NAME, 1)
        scorer = load_scorer(
            lambda name: unpack(workspace.blobs, first.bundle, name), first.signature
        )

    def score(instances: list[dict[str, Any]]) -> list[str]:
        return [str(label) for label in scorer.rows(instances).predictions]

    return score


def _stage(out: Output) -> Stage:
    if out.terminal:
        from keepwell.cli.demo.screen import Screen

        return Screen(out.console)
    return Lines(sys.stderr if out.as_json else sys.stdout)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(
            prefix="keepwell-demo-", ignore_cleanup_errors=True
        ) as name:
            yield Path(name)
        return
    if keep.exists() and any(keep.iterdir()):
        raise ConflictError(
            f"the folder {keep} is not empty",
            why="the demo never writes over anything",
            now="name a folder that does not exist yet",
        )
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stay(out: Output, url: str) -> None:
    out.note(f"The server stays up at {url} until you press Ctrl-C.")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            signal.pause()
            time.sleep(0.1)
