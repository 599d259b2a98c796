"""What the story tells its viewer, whoever that is."""

from dataclasses import dataclass, field
from typing import Protocol

from keepwell.cli.demo.ledger import Ledger
from keepwell.cli.demo.news import MARKS, News

SCENES = ("world", "train", "serve", "live", "change", "heal")


@dataclass(slots=True)
class Scene:
    """All that a viewer can see at one time.

    Attributes:
        act: Which of `SCENES` is being played.
        now: What happens at present, in words.
        command: What one would type for it; empty if nothing.
        started: When the demo began, monotonic seconds.
        url: Where the console is, once it is up.
        day: The simulated day.
        first_day: The first day of live traffic.
        asked: Parcels asked about.
        told: Outcomes told.
        version: The version that gave the last answer.
        ledger: Who was right.
        events: What happened, with the simulated day, oldest first.
    """

    act: str = "world"
    now: str = ""
    command: str = ""
    started: float = 0.0
    url: str = ""
    day: float = 0.0
    first_day: int = 0
    asked: int = 0
    told: int = 0
    version: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    events: list[tuple[float, News]] = field(default_factory=list)

    def markers(self) -> dict[int, str]:
        """Return the letters under the chart by day; the first of a kind on a day counts."""
        marks: dict[int, str] = {}
        for day, news in self.events:
            if news.kind in MARKS:
                marks.setdefault(int(day), MARKS[news.kind])
        return marks


class Stage(Protocol):
    """Shows scenes. Opened before the first and closed after the last, however the story ends."""

    def show(self, scene: Scene) -> None:
        """Draw the scene as it is; called several times a second."""
        ...

    def event(self, day: float | None, news: News) -> None:
        """Something happened; it is in `scene.events` as well."""
        ...

    def close(self) -> None:
        """Leave the last picture standing; a second time it does nothing."""
        ...
