"""Movable names for model versions: `champion` serves, `challenger` is on trial."""

from dataclasses import dataclass

from keepwell.core.errors import NotFoundError
from keepwell.core.events import Change
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Alias
from keepwell.core.references import Ref
from keepwell.infrastructure.codec import from_plain
from keepwell.infrastructure.metadata import Collection

CHAMPION = "champion"
CHALLENGER = "challenger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change of an alias; `version` is None where it was taken away."""

    time: float
    version: int | None
    actor: str
    verb: str
    why: str


class Aliases:
    """The aliases of all models, now and at any time before."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._store = metadata
        self._records = Collection(metadata, "alias", Alias)

    def get(self, model: str, alias: str, at: float | None = None) -> int | None:
        """Return the version an alias points at, None if it points nowhere."""
        found = self._records.get(f"{model}/{alias}", at=at)
        return found.version if found else None

    def at(self, time: float | None = None) -> dict[str, dict[str, int]]:
        """Return `{model: {alias: version}}`, now or as of a time."""
        found: dict[str, dict[str, int]] = {}
        for item in sorted(self._records.find(at=time), key=lambda item: item.key):
            found.setdefault(item.model, {})[item.alias] = item.version
        return found

    def point(self, model: str, alias: str, version: int, why: str = "") -> Alias:
        """Move an alias; a version that becomes champion is no challenger any more.

        The audit says `promoted` or `reverted` for the champion, `pointed` for others. Nothing is
        written if it points there already.
        """
        wish = Alias(model=model, alias=alias, version=version)
        changes = []
        current = self.get(model, alias)
        if current != version:
            changes.append(self._records.change(wish, self._verb(model, alias, version), why=why))
        if alias == CHAMPION and self.get(model, CHALLENGER) == version:
            changes.append(_gone(f"{model}/{CHALLENGER}", "became the champion"))
        if changes:
            self._store.commit(changes)
        return wish

    def remove(self, model: str, alias: str, why: str = "") -> None:
        """Let an alias point nowhere; nothing happens if it does already."""
        if self.get(model, alias) is not None:
            self._store.commit([_gone(f"{model}/{alias}", why)])

    def history(self, model: str, alias: str) -> list[Move]:
        """Return every move of an alias, newest first."""
        ref = Ref("alias", f"{model}/{alias}")
        return [
            Move(
                time=event.time,
                version=from_plain(Alias, event.data).version if event.data is not None else None,
                actor=event.actor,
                verb=event.verb,
                why=event.why,
            )
            for event in self._store.events(ref=ref, newest_first=True)
        ]

    def before(self, model: str, alias: str) -> int:
        """Return the version that an alias pointed at before the one it points at now.

        Raises:
            NotFoundError: If it never pointed anywhere else.
        """
        current = self.get(model, alias)
        for move in self.history(model, alias):
            if move.version is not None and move.version != current:
                return move.version
        raise NotFoundError(
            f"there is no earlier {alias} of '{model}' to go back to",
            why="it has never pointed at another version" if current else "it was never set",
            now="keepwell models list",
        )

    def _verb(self, model: str, alias: str, version: int) -> str:
        if alias != CHAMPION:
            return "pointed"
        served = any(move.version == version for move in self.history(model, alias))
        return "reverted" if served else "promoted"


def _gone(name: str, why: str) -> Change:
    return Change(ref=Ref("alias", name), verb="removed", data=None, why=why)
