"""What the loop did, as news of one line each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MARKS = {
    "change": "C",
    "incident": "I",
    "retrain": "T",
    "rollout": "R",
    "promoted": "P",
    "closed": "H",
}
"""The letter under the chart for each kind of news that has one."""

STATES = {"retraining": "retrain", "rolling_out": "rollout"}
"""The kind of news that it is when an incident goes into a state."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened: `time` is Unix seconds; `kind` is one of `MARKS` or any other word."""

    time: float
    kind: str
    text: str


@dataclass(slots=True)
class Watch:
    """Tells what is new since it last looked, and remembers when the great moments were.

    Attributes:
        since: Unix time of the change; what was before it does not count as found.
        found: When the first incident after the change was opened.
        promoted: When another version became champion.
        closed: When an incident was closed as healed.
    """

    since: float | None = None
    found: float | None = None
    promoted: float | None = None
    closed: float | None = None
    _read: dict[str, int] = field(default_factory=dict)
    _status: dict[str, str] = field(default_factory=dict)
    _champion: int | None = None

    def look(
        self, incidents: Iterable[Mapping[str, Any]], champion: int | None, now: float
    ) -> list[News]:
        """Return the news, oldest first."""
        news = [item for incident in incidents for item in self._incident(incident)]
        if champion is not None and champion != self._champion:
            if self._champion is not None:
                news.append(News(now, "promoted", f"version {champion} is champion now"))
                if self.since is not None:
                    self.promoted = self.promoted or now
            self._champion = champion
        return sorted(news, key=lambda item: item.time)

    def _incident(self, incident: Mapping[str, Any]) -> Iterable[News]:
        name = incident["id"]
        if name not in self._read:
            yield News(incident["opened"], "incident", f"incident opened: {incident['title']}")
            if self.since is not None and self.found is None and incident["opened"] >= self.since:
                self.found = incident["opened"]
        news = [
            News(entry["time"], entry["kind"], entry["text"])
            for entry in incident["timeline"][self._read.get(name, 0) :]
        ]
        self._read[name] = len(incident["timeline"])
        yield from self._marked(name, incident["status"], news)
        ended, closed = f"{name} closed", incident["closed"]
        if closed is not None and ended not in self._read:
            self._read[ended] = 1
            yield News(
                closed,
                "closed",
                f"incident closed: {incident['summary'] or incident['resolution']}",
            )
            if (
                incident["resolution"] == "healed"
                and self.since is not None
                and closed >= self.since
            ):
                self.closed = self.closed or closed

    def _marked(self, name: str, status: str, news: list[News]) -> list[News]:
        """Give the last action the kind of the state that the incident went into by it."""
        if self._status.get(name) == status:
            return news
        self._status[name] = status
        actions = [item for item in news if item.kind == "action"]
        if status not in STATES or not actions:
            return news
        return [
            replace(item, kind=STATES[status]) if item is actions[-1] else item for item in news
        ]
