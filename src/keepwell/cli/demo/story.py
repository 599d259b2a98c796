"""The story: a world, a model, a change, and what the loop makes of it."""

import bisect
import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keepwell.cli.demo.client import Client
from keepwell.cli.demo.news import News, Watch
from keepwell.cli.demo.processes import Server, run_to_end
from keepwell.cli.demo.script import HURRY, NAME, TARGET, Timing
from keepwell.cli.demo.stage import Scene, Stage
from keepwell.cli.demo.traffic import Traffic
from keepwell.cli.demo.verdict import Moments, is_back
from keepwell.cli.demo.world import World

LOOK_SECONDS = 0.5  # between two looks at what the loop did
READY_SECONDS = 60.0
Frozen = Callable[[list[dict[str, Any]]], list[str]]


class Story:
    """Plays the demo in a folder, telling a stage.

    Law: `prepare`, then `live` while the server runs; both leave `scene` as it was last shown.
    """

    def __init__(self, stage: Stage, folder: Path, *, seed: int, timing: Timing) -> None:
        self.scene = Scene(started=time.monotonic(), first_day=timing.history)
        self.project = folder / NAME
        self.watch = Watch()
        self._stage = stage
        self._folder = folder
        self._timing = timing
        self._world = World(seed=seed, change_day=timing.change)
        self._clock: list[tuple[float, float]] = []  # (Unix time, simulated day)
        self.recovered: float | None = None

    def prepare(self) -> None:
        """Make a history, a project of it, and train the first version."""
        self._now("world", f"{self._timing.history} days of parcels go into a file")
        history = self._folder / "parcels.csv"
        write_history(history, self._world, self._timing.history)
        typed = f"keepwell init {NAME} --data {history.name} --target {TARGET}"
        self._now("world", "looking at the file", typed)
        words = ["init", str(self.project), "--data", str(history), "--target", TARGET]
        words += ["--key", "parcel_id", "--time", "booked_at", "--name", NAME]
        run_to_end(words, lambda _line: self.draw())
        with (self.project / "keepwell.yaml").open("a") as file:
            file.write(HURRY)
        self._now("train", "training the first version", "keepwell run")
        result = run_to_end(
            ["run", "-C", str(self.project)],
            lambda line: self._now("train", line.strip(), "keepwell run"),
        )
        scores = ", ".join(
            f"{name} {value:.3f}" for name, value in result["run"]["metrics"].items()
        )
        self._event(News(time.time(), "note", f"version 1 trained and made champion: {scores}"))

    def live(self, server: Server, frozen: Frozen) -> Moments:
        """Send traffic until the loop has healed the model, or patience ends."""
        client = Client(server.port, NAME)
        self._now("serve", "starting the server", "keepwell up")
        server.wait(client.ready, READY_SECONDS, self.draw)
        self.scene.url = f"http://127.0.0.1:{server.port}/"
        timing, start = self._timing, self._timing.history
        traffic = Traffic(self._world, client, frozen, start=start)
        self.scene.ledger = traffic.ledger

        def play(start: float, done: Callable[[float], bool]) -> float:
            return self._play(traffic, client, server, start, done)

        self._now("live", "all is well: the model answers, outcomes come back a day or two later")
        play(start, lambda day: day >= timing.change)
        self._change()
        ends = time.monotonic() + timing.patience
        day = play(timing.change, lambda day: self._recovered(day) or time.monotonic() > ends)
        if self.recovered:
            self._now("heal", "healed; a few more days to compare")
            day = play(day, lambda today: today >= day + timing.after)
        client.close()
        return Moments(
            start=start,
            change=timing.change,
            found=self._day_of(self.watch.found),
            promoted=self._day_of(self.watch.promoted),
            recovered=self._day_of(self.recovered),
            end=int(day),
        )

    @property
    def seconds(self) -> float:
        """How long the story has taken so far."""
        return time.monotonic() - self.scene.started

    def draw(self) -> None:
        """Show the scene."""
        self._stage.show(self.scene)

    def _recovered(self, day: float) -> bool:
        """Tell whether an incident was closed as healed and accuracy is back, and note when."""
        timing, ledger = self._timing, self.scene.ledger
        if self.watch.closed and is_back(ledger, timing.history, timing.change, day):
            self.recovered = self.recovered or time.time()
        return self.recovered is not None

    def _change(self) -> None:
        self.watch.since = time.time()
        text = "the world changes: the bridge closes, Comet takes over half of the parcels"
        self._event(News(self.watch.since, "change", text))
        self._now("change", "nobody told the model; its answers go wrong")

    def _play(
        self,
        traffic: Traffic,
        client: Client,
        server: Server,
        start: float,
        done: Callable[[float], bool],
    ) -> float:
        """Let simulated time pass an hour at a time until `done`; return the day it is then."""
        begin, looked, hours, day = time.monotonic(), 0.0, 0, start
        while not done(day):
            hours += 1
            day = start + hours / 24
            self._clock.append((time.time(), day))
            traffic.advance(day)
            scene = self.scene
            scene.day, scene.asked, scene.told = day, traffic.asked, traffic.told
            scene.version = traffic.version
            if time.monotonic() - looked > LOOK_SECONDS:
                server.check()
                self._look(client)
                looked = time.monotonic()
            due = begin + hours / 24 * self._timing.day_seconds
            time.sleep(max(0.0, due - time.monotonic()))
        return day

    def _look(self, client: Client) -> None:
        """See what the loop did since last time."""
        incidents = client.get("/api/v1/incidents")["incidents"]
        champion = client.get(f"/api/v1/endpoints/{NAME}")["champion"]
        for news in self.watch.look(incidents, champion, time.time()):
            self._event(news)
            if self.watch.since is not None and not self.recovered:
                self.scene.act, self.scene.now = "heal", news.text
        self.draw()

    def _now(self, act: str, text: str, command: str = "") -> None:
        self.scene.act, self.scene.now, self.scene.command = act, text, command
        self.draw()

    def _event(self, news: News) -> None:
        day = self._day_of(news.time) if self._clock else None
        self.scene.events.append((day or 0.0, news))
        self._stage.event(day, news)

    def _day_of(self, moment: float | None) -> float | None:
        """Return the simulated day at a Unix time."""
        if moment is None or not self._clock:
            return None
        place = bisect.bisect_left(self._clock, (moment, 0.0))
        return self._clock[min(place, len(self._clock) - 1)][1]


def write_history(path: Path, world: World, days: int) -> None:
    """Write the parcels of the first days whose outcome is known by then, as a CSV file."""
    parcels = [parcel for day in range(days) for parcel in world.day(day)]
    rows = [parcel.row() for parcel in parcels if parcel.known_at <= days]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
