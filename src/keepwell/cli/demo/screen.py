"""The demo in a terminal: one picture that lives, and stays standing when it is over."""

import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from keepwell.cli.demo.chart import draw, mark
from keepwell.cli.demo.news import News
from keepwell.cli.demo.stage import SCENES, Scene
from keepwell.cli.demo.world import moment
from keepwell.core.durations import format_duration

if TYPE_CHECKING:
    from keepwell.cli.demo.stage import Stage

LOW, HIGH = 0.4, 1.0
FRAME = 18  # lines of a picture that are neither chart nor events
STYLES = {"served": "green", "frozen": "yellow", "both": "yellow on green", "": ""}
KINDS = {
    "change": "bold magenta",
    "incident": "bold red",
    "signal": "red",
    "cause": "yellow",
    "promoted": "bold green",
    "closed": "bold green",
    "rejected": "bold red",
}
LEGEND = "C the world changes  I incident  T training a challenger  R canary  P promoted  H healed"


class Screen:
    """Shows scenes with Rich."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._live.start()

    def show(self, scene: Scene) -> None:
        """Draw the scene."""
        self._live.update(self._picture(scene), refresh=True)

    def event(self, day: float | None, news: News) -> None:
        """The next picture has it."""

    def close(self) -> None:
        """Leave the last picture standing."""
        self._live.stop()

    def _picture(self, scene: Scene) -> Group:
        width, room = self._console.width, self._console.height - FRAME
        height = 8 if room >= 12 else 4  # noqa: PLR2004 (a chart of 8 lines and 4 events)
        parts: list[Text | Padding] = [title(), acts(scene), now(scene)]
        if scene.asked:
            parts += [
                Text(),
                Padding(curves(scene, width - 10, height), (0, 0, 0, 1)),
                status(scene),
            ]
        parts += [Text(), *events(scene, width, max(2, room - height))]
        return Group(*parts)


def title() -> Text:
    """Return the first lines: that this is a simulation, and what of it is not."""
    text = Text()
    text.append("Keepwell demo", style="bold")
    text.append("  Harbour Parcels, a courier service that does not exist.\n", style="")
    text.append(
        "This world is simulated; the training, the server, monitors and the loop are real.",
        style="dim",
    )
    return text


def acts(scene: Scene) -> Text:
    """Return the row of acts, with the one that is being played."""
    text = Text()
    current = SCENES.index(scene.act)
    for place, name in enumerate(SCENES):
        sign, style = ("✓", "green") if place < current else ("○", "dim")
        if place == current:
            sign, style = "◉", "bold cyan"
        text.append(f"{sign} {name}   ", style=style)
    text.append(format_duration(time.monotonic() - scene.started), style="dim")
    return text


def now(scene: Scene) -> Text:
    """Return what happens now and what one would type for it."""
    text = Text(overflow="ellipsis", no_wrap=True)
    text.append(f"\n{scene.now}", style="bold")
    if scene.command:
        text.append(f"\n$ {scene.command}", style="cyan")
    return text


def curves(scene: Scene, width: int, height: int) -> Text:
    """Return the chart of accuracy with its scale, markers and legend."""
    days = int(scene.day) + 1 - scene.first_day
    step = -(-days // max(10, width))
    known = scene.ledger.curve(scene.first_day, scene.first_day + days)[::-1][::step][::-1]
    rows = draw(
        [item.served if item else None for item in known],
        [item.frozen if item else None for item in known],
        height=height,
        low=LOW,
        high=HIGH,
    )
    text = Text()
    text.append("accuracy over three days   ", style="bold")
    text.append("███ live model", style="green")
    text.append("   ╌╌╌ the first version, had it stayed\n", style="yellow")
    for place, row in enumerate(rows):
        value = HIGH - place * (HIGH - LOW) / height
        text.append(f"{value:>5.0%} ┤" if place % 2 == 0 else "      │", style="dim")
        for char, kind in row:
            text.append(char, style=STYLES[kind])
        text.append("\n")
    places = {(day - scene.first_day) // step: sign for day, sign in scene.markers().items()}
    text.append(f"      └{'─' * len(known)}\n", style="dim")
    text.append(f"       {mark(len(known), places)}\n", style="bold magenta")
    text.append(LEGEND, style="dim")
    return text


def status(scene: Scene) -> Text:
    """Return the simulated time and how much was asked and told."""
    clock = moment(scene.day).strftime("%a %d %b %Y")
    text = Text()
    text.append(f"day {int(scene.day)} ({clock})  ", style="cyan")
    text.append(f"{scene.asked:,} parcels asked, {scene.told:,} outcomes told, ")
    text.append(f"version {scene.version} answers", style="bold")
    if scene.url:
        text.append(f"\nlook around: {scene.url}", style="cyan underline")
    return text


def events(scene: Scene, width: int, most: int) -> list[Text]:
    """Return the newest events, one line each."""
    lines = []
    for day, news in scene.events[-most:]:
        line = Text(no_wrap=True)
        line.append(f"day {int(day):>3}  " if day else "", style="dim")
        line.append(news.text, style=KINDS.get(news.kind, ""))
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    return lines


if TYPE_CHECKING:
    _stage: type[Stage] = Screen
