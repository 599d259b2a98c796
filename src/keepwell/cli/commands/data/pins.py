"""`keepwell data pin`, `fetch` and `pins`: large files in the blob store, their pointers in Git."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.commands.data.pins_next import next_steps
from keepwell.cli.options import HERE, AsJson, ProjectFolder, examples, open_workspace
from keepwell.cli.output import Output
from keepwell.core.sizes import size
from keepwell.data.pins.telling import some, typed

if TYPE_CHECKING:
    from keepwell.core.errors import KeepwellError
    from keepwell.core.progress import Progress
    from keepwell.data.pins.pins import Fetched, Pinned, Pins, Standing
    from keepwell.data.pins.pointer import Pointer
    from keepwell.operations.build.bench import Listener

PATIENCE = 2.0  # seconds of work that need no bar
_NOTHING = "nothing is pinned; keepwell data pin PATH pins a file or a folder"


def add_pins(app: typer.Typer) -> None:
    """Hang the commands about pins on `keepwell data`."""
    app.command("pin", epilog=examples("keepwell data pin raw.parquet photos"))(pin)
    app.command(
        "fetch", epilog=examples("keepwell data fetch", "keepwell data fetch raw.parquet --force")
    )(fetch)
    app.command("pins", epilog=examples("keepwell data pins", "keepwell data pins --check"))(pins)


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
    with _pins(project, "pin", as_json) as (keep, progress, out):
        done = keep.pin(paths, progress)
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
    with _pins(project, "fetch", as_json) as (keep, progress, out):
        done = keep.fetch(paths or (), force=force, progress=progress)
    out.answer({"fetched": [_of_fetched(item) for item in done]}, lambda: _tell_fetched(out, done))
    if any(item.error for item in done):
        raise typer.Exit(1)


def pins(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Exit with 1 unless all of it is in place and in the store: for CI."
        ),
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List what is pinned: in place, in part, changed or missing here, and whether the blob store has it."""
    with _pins(project, "pins", as_json) as (keep, progress, out):
        found, url = keep.look(progress), keep.url
    document = {"pins": [_of_standing(item) for item in found]}
    out.answer(document, lambda: _tell_pins(out, found, url))
    if any(item.error or (check and not item.well) for item in found):
        raise typer.Exit(1)


@contextmanager
def _pins(project: Path, step: str, as_json: bool) -> "Iterator[tuple[Pins, Progress, Output]]":
    from keepwell.cli.progress import watch_build
    from keepwell.data.pins.pins import Pins

    with open_workspace(project) as workspace, watch_build(quiet=as_json) as listener:
        remembered = workspace.home / "pins.json"
        pins = Pins(workspace.root, workspace.blobs, workspace.blobs_url, remembered)
        yield pins, _Patient(listener, step), Output(as_json=as_json)


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


def _of_pinned(item: "Pinned") -> dict[str, Any]:
    return {
        "path": item.path,
        "pointer": f"{item.path}.pin",
        **_of_pointer(item.pointer),
        "stored": item.stored,
        "known": item.known,
        "ignored": item.ignored,
        "pointer_ignored": item.hidden,
    }


def _of_fetched(item: "Fetched") -> dict[str, Any]:
    done = {"parts": list(item.parts), "written": item.written, "more": list(item.more)}
    return {
        "path": item.path,
        **_of_pointer(item.pointer),
        **done,
        "files": item.files,
        **_of_error(item.error),
    }


def _of_standing(item: "Standing") -> dict[str, Any]:
    return {
        "path": item.path,
        **_of_pointer(item.pointer),
        "here": item.here,
        "stored": item.store == "stored",
        "store": item.store,
        "changed": list(item.changed),
        "more": list(item.more),
        **_of_error(item.error),
    }


def _of_pointer(pointer: "Pointer | None") -> dict[str, Any]:
    if pointer is None:
        return {}
    return {
        "kind": pointer.kind,
        "sha256": pointer.sha256,
        "size": pointer.size,
        "files": len(pointer.contents),
    }


def _of_error(error: "KeepwellError | None") -> dict[str, Any]:
    return {"error": error.as_dict()} if error else {}


def _tell_pinned(out: Output, done: "list[Pinned]") -> None:
    for item in done:
        stored = f"{size(item.stored)} stored" if item.stored else "nothing new to store"
        known = f", {size(item.known)} were there already" if item.known else ""
        out.say(f"pinned   {item.path}  {_what(item.pointer)}: {stored}{known}", style="bold")
        out.say(f"sha256   {item.pointer.sha256}")
        if item.hidden:
            out.note(
                f"Git leaves {item.path}.pin out, by a line of your .gitignore: take that line away, or "
                f"git add --force {typed(item.pointer_at)}"
            )
    news = sorted({path for item in done for path in item.news}, key=_pointers_first)
    if news:
        out.say(f"next     git add {' '.join(map(typed, news))}", style="cyan")


def _tell_fetched(out: Output, done: "list[Fetched]") -> None:
    if not done:
        out.say(_NOTHING)
    for item in done:
        names = ", ".join(f"{item.path}/{part}" for part in item.parts) or item.path
        if item.error is not None or item.pointer is None:
            out.say(f"failed   {names}", style="bold")
            continue
        how = f"{size(item.written)} written" if item.files else "in place already"
        what = "" if item.parts else f"  {_what(item.pointer)}"
        out.say(f"fetched  {names}{what}: {how}", style="bold")
        if item.more:
            out.note(f"{item.path} also holds what is not pinned, and was left: {some(item.more)}")
    _tell_errors(out, done)


def _tell_pins(out: Output, found: "list[Standing]", url: str) -> None:
    if not found:
        out.say(_NOTHING)
        return
    rows = [[item.path, *_cells(item.pointer), *_standing(item)] for item in found]
    out.table(["pinned", "kind", "files", "size", "sha256", "here", "in the store"], rows)
    for item in found:
        if (
            item.here in ("changed", "holds more")
            and item.pointer
            and item.pointer.kind == "folder"
        ):
            out.say(f"{item.path}: {some(item.changed)}")
    for number, line in enumerate(next_steps(found, url)):
        out.say(f"{'' if number else 'next':<9}{line}", style="cyan")
    _tell_errors(out, found)


def _cells(pointer: "Pointer | None") -> list[Any]:
    if pointer is None:
        return ["", None, "", ""]
    return [pointer.kind, len(pointer.contents), size(pointer.size), pointer.sha256[:12]]


def _standing(item: "Standing") -> list[str]:
    if item.error is not None:
        return ["error: see below", ""]
    stores = {"missing": "missing in the store", "damaged": "damaged in the store"}
    return [
        {"missing": "missing here"}.get(item.here, item.here),
        stores.get(item.store, item.store),
    ]


def _tell_errors(out: Output, items: "Sequence[Fetched | Standing]") -> None:
    from keepwell.cli.failures import print_beats

    for item in items:
        if item.error is not None:
            if item.path not in str(item.error):  # as that of a blob, which knows of no pins
                out.note(f"{item.path}:")
            print_beats(item.error)


def _pointers_first(path: Path) -> tuple[bool, Path]:
    return path.name == ".gitignore", path


def _what(pointer: "Pointer") -> str:
    count = len(pointer.contents)
    files = "" if pointer.kind == "file" else f", {count:,} file{'s' * (count > 1)}"
    return f"({size(pointer.size)}{files})"
