"""`keepwell data pin`, `fetch` and `pins`: large files in the blob store, their pointers in Git."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.options import HERE, AsJson, ProjectFolder, examples, open_workspace
from keepwell.cli.output import Output

if TYPE_CHECKING:
    from keepwell.core.progress import Progress
    from keepwell.data.pins.pins import Fetched, Pinned, Pins, Standing
    from keepwell.operations.build.bench import Listener
    from keepwell.workspace import Workspace

PATIENCE = 2.0  # seconds of work that need no bar
_SHOWN = 5


def add_pins(app: typer.Typer) -> None:
    """Hang the commands about pins on `keepwell data`."""
    app.command("pin", epilog=examples("keepwell data pin raw.parquet photos"))(pin)
    app.command(
        "fetch", epilog=examples("keepwell data fetch", "keepwell data fetch raw.parquet --force")
    )(fetch)
    app.command("pins", epilog=examples("keepwell data pins", "keepwell data pins --json"))(pins)


def pin(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Files or folders of the project.")
    ],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Store large files by their content, and write pointers for Git beside them.

    PATH.pin holds digest and size; PATH is added to .gitignore. What the store has already is not sent again.
    """
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace, _watched("pin", as_json) as progress:
        keep = _pins_of(workspace)
        done = [keep.pin(path, progress) for path in paths]
    out.answer({"pinned": [_of_pinned(item) for item in done]}, lambda: _tell_pinned(out, done))


def fetch(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH…]", help="What to restore; everything unless said.", show_default=False
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write over files that were changed since they were pinned."),
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Restore what pointers name, from the blob store.

    Every file is checked against its digest. What was changed since it was pinned stays, unless forced.
    """
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace, _watched("fetch", as_json) as progress:
        done = _pins_of(workspace).fetch(paths or (), force=force, progress=progress)
    out.answer({"fetched": [_of_fetched(item) for item in done]}, lambda: _tell_fetched(out, done))


def pins(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """List what is pinned: in place, changed or missing here, and whether the blob store has it."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace, _watched("pins", as_json) as progress:
        found = _pins_of(workspace).look(progress)
    out.answer({"pins": [_of_standing(item) for item in found]}, lambda: _tell_pins(out, found))


def _pins_of(workspace: "Workspace") -> "Pins":
    from keepwell.data.pins.pins import Pins

    remembered = workspace.home / "pins.json"
    return Pins(workspace.root, workspace.blobs, workspace.blobs_url, remembered)


class _Patient:
    """Passes progress on once the work takes long."""

    def __init__(self, listener: "Listener", step: str) -> None:
        self._listener, self._step = listener, step
        self._since, self._shown = time.monotonic(), False

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Say how far it is, two seconds after it began."""
        if not self._shown:
            if time.monotonic() - self._since < PATIENCE:
                return
            self._listener.step_started(self._step, message)
            self._shown = True
        self._listener.update(message, fraction, seconds_left)


@contextmanager
def _watched(step: str, as_json: bool) -> "Iterator[Progress]":
    from keepwell.cli.progress import watch_build

    with watch_build(quiet=as_json) as listener:
        yield _Patient(listener, step)


def _of_pinned(item: "Pinned") -> dict[str, Any]:
    return {
        "path": item.path,
        "pointer": f"{item.path}.pin",
        "kind": item.pointer.kind,
        "sha256": item.pointer.sha256,
        "size": item.pointer.size,
        "files": len(item.pointer.contents),
        "stored": item.stored,
        "known": item.known,
        "ignored": item.ignored,
        "pointer_ignored": item.hidden,
    }


def _of_fetched(item: "Fetched") -> dict[str, Any]:
    return {
        "path": item.path,
        "kind": item.pointer.kind,
        "sha256": item.pointer.sha256,
        "size": item.pointer.size,
        "files": item.files,
        "written": item.written,
        "more": list(item.more),
    }


def _of_standing(item: "Standing") -> dict[str, Any]:
    return {
        "path": item.path,
        "kind": item.pointer.kind,
        "sha256": item.pointer.sha256,
        "size": item.pointer.size,
        "files": len(item.pointer.contents),
        "here": item.here,
        "stored": item.store == "stored",
        "store": item.store,
        "changed": list(item.changed),
    }


def _tell_pinned(out: Output, done: "list[Pinned]") -> None:
    from keepwell.data.pins.meter import in_words

    for item in done:
        stored = f"{in_words(item.stored)} stored" if item.stored else "nothing new to store"
        known = f", {in_words(item.known)} were there already" if item.known else ""
        out.say(f"pinned   {item.path}  {_what(item)}: {stored}{known}", style="bold")
        out.say(f"sha256   {item.pointer.sha256}")
        if item.hidden:
            out.note(
                f"Git leaves {item.path}.pin out, by a line of your .gitignore: "
                f"take that line away, or git add --force {item.path}.pin"
            )
    folders = sorted({f"{Path(item.path).parent / '.gitignore'}" for item in done if item.ignored})
    names = " ".join([*(f"{item.path}.pin" for item in done), *folders])
    out.say(f"next     git add {names}", style="cyan")


def _tell_fetched(out: Output, done: "list[Fetched]") -> None:
    from keepwell.data.pins.meter import in_words

    if not done:
        out.say("nothing is pinned; keepwell data pin PATH pins a file or a folder")
    for item in done:
        how = f"{in_words(item.written)} written" if item.files else "in place already"
        out.say(f"fetched  {item.path}  {_what(item)}: {how}", style="bold")
        if item.more:
            out.note(f"{item.path} also holds what is not pinned: {_some(item.more)}")


def _tell_pins(out: Output, found: "list[Standing]") -> None:
    from keepwell.data.pins.meter import in_words

    if not found:
        out.say("nothing is pinned; keepwell data pin PATH pins a file or a folder")
        return
    rows = [
        [
            item.path,
            item.pointer.kind,
            len(item.pointer.contents),
            in_words(item.pointer.size),
            item.pointer.sha256[:12],
            {"missing": "missing here"}.get(item.here, item.here),
            {"missing": "missing in the store", "damaged": "damaged in the store"}.get(
                item.store, item.store
            ),
        ]
        for item in found
    ]
    out.table(["pinned", "kind", "files", "size", "sha256", "here", "in the store"], rows)
    for item in found:
        if item.here == "changed" and item.pointer.kind == "folder":
            out.say(f"{item.path}: {_some(item.changed)}")
    if any(item.here != "in place" for item in found):
        out.say(
            "next     keepwell data fetch, or keepwell data pin PATH to keep a change", style="cyan"
        )


def _what(item: "Pinned | Fetched") -> str:
    from keepwell.data.pins.meter import in_words

    count = len(item.pointer.contents)
    files = "" if item.pointer.kind == "file" else f", {count:,} file{'s' * (count > 1)}"
    return f"({in_words(item.pointer.size)}{files})"


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"
