"""The demo where there is no terminal: a line for each thing that happens."""

import sys
from typing import TYPE_CHECKING, TextIO

from keepwell.cli.demo.news import News
from keepwell.cli.demo.stage import Scene

if TYPE_CHECKING:
    from keepwell.cli.demo.stage import Stage

EVERY_DAYS = 7


class Lines:
    """Shows scenes as lines."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._said = ""
        self._week = -1
        self._say("Keepwell demo: Harbour Parcels, a courier service that does not exist.")
        self._say(
            "This world is simulated; the training, the server, monitors and the loop are real."
        )

    def show(self, scene: Scene) -> None:
        """Say what happens, when that changed; once a week the accuracy."""
        said = f"{scene.act}: {scene.now}" + (f"  $ {scene.command}" if scene.command else "")
        told = bool(scene.events) and scene.events[-1][1].text == scene.now
        if said != self._said and not told:
            self._said = said
            self._say(said)
        week = int(scene.day - scene.first_day) // EVERY_DAYS
        if scene.asked and week > self._week:
            self._week = week
            self._say_accuracy(scene)

    def event(self, day: float | None, news: News) -> None:
        """Say it."""
        self._say(f"day {day:>3.0f}  {news.text}" if day is not None else news.text)

    def close(self) -> None:
        """Nothing is left to do."""

    def _say_accuracy(self, scene: Scene) -> None:
        day = int(scene.day)
        known = scene.ledger.over(max(scene.first_day, day - EVERY_DAYS), day)
        if known:
            self._say(
                f"day {day:>3}  accuracy {known.served:.1%}, frozen {known.frozen:.1%}"
                f" ({scene.asked:,} parcels asked, version {scene.version} answers)"
            )

    def _say(self, line: str) -> None:
        print(line, file=self._out, flush=True)


if TYPE_CHECKING:
    _stage: type[Stage] = Lines
