"""What a run has done so far, on the disk: a killed one is gone on with by the next.

    .scored.csv.keepwell/         beside the output
        job.json                  what is being scored, by what
        000000.csv 000000.json    a part, and what was counted in it
        lock                      held by the process at work

A part is there whole, under its name, or not at all. Since pieces are cut alike every time, the names of
the parts say everything about how far the work is.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from keepwell.core.identifiers import new_id
from keepwell.deployment.batch.answers import Tally
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.infrastructure.files import write_atomic

_FILE = "job.json"
_FORMAT = 1
_PART = re.compile(r"(\d{6,})(\.(?:parquet|csv|jsonl).*)")


@dataclass(frozen=True, kw_only=True)
class Work:
    """The folder of one job.

    Attributes:
        folder: Where it is.
        id: ULID of the job; the ids of its rows begin like it.
        suffix: Of the parts.
        fresh: Nothing of an earlier run was taken over.
        dropped: Why an earlier run's work was not taken over; empty if there was none, or it was.
        publishing: All parts are there, and the output was about to appear.
    """

    folder: Path
    id: str
    suffix: str
    fresh: bool
    dropped: str = ""
    publishing: bool = False

    @classmethod
    def open(cls, folder: Path, about: dict[str, Any], suffix: str) -> Self:
        """Take an earlier run's work over if it was about the same, else begin."""
        dropped = ""
        try:
            found = json.loads((folder / _FILE).read_bytes())
        except (FileNotFoundError, ValueError):
            found = {}
        if found:
            differing = [key for key in about if found.get("about", {}).get(key) != about[key]]
            if found.get("format") == _FORMAT and not differing:
                publishing = bool(found.get("publishing"))
                return cls(
                    folder=folder,
                    id=found["id"],
                    suffix=suffix,
                    fresh=False,
                    publishing=publishing,
                )
            dropped = ", ".join(differing) or "format"
        _empty(folder)
        made = cls(folder=folder, id=new_id(), suffix=suffix, fresh=True, dropped=dropped)
        made._write(about, publishing=False)
        return made

    def _write(self, about: dict[str, Any], *, publishing: bool) -> None:
        document = {"format": _FORMAT, "id": self.id, "about": about, "publishing": publishing}
        write_atomic(self.folder / _FILE, json.dumps(document).encode())

    def done(self) -> dict[int, Path]:
        """Return the parts that are there, by number, in order."""
        found = {}
        for path in sorted(self.folder.iterdir()):
            named = _PART.fullmatch(path.name)
            if named and named[2] == self.suffix and self._tally_at(int(named[1])).exists():
                found[int(named[1])] = path
        return found

    def arriving(self, number: int) -> Path:
        """Return where a part is written before it is whole."""
        return self.folder / f"arriving-{number:06}{self.suffix}"

    def commit(self, number: int, counted: Tally) -> None:
        """Give a part that has arrived its name."""
        write_atomic(self._tally_at(number), to_json(counted), durable=False)
        self.arriving(number).replace(self.folder / f"{number:06}{self.suffix}")

    def tally(self, number: int) -> Tally:
        """Return what was counted in a part."""
        return from_json(Tally, self._tally_at(number).read_bytes())

    def announce(self) -> None:
        """Note that the output is about to appear."""
        about = json.loads((self.folder / _FILE).read_bytes())["about"]
        self._write(about, publishing=True)

    def sample_at(self, number: int) -> Path:
        """Return where the sample of a part's inputs lies."""
        return self.folder / f"{number:06}.sample"

    def remove(self) -> None:
        """Forget it all."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tally_at(self, number: int) -> Path:
        return self.folder / f"{number:06}.json"


def _empty(folder: Path) -> None:
    """Leave nothing in a folder but the lock, which its holder has open."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name != "lock":
            path.unlink()
