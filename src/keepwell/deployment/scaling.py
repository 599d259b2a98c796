"""How many workers answer: said by the project file at first, changed by anybody while they answer.

    scaling.change(workers=4)                 # the general ones
    scaling.change(pools={"churn": 2})        # of one endpoint alone; 0: none of its own any more

Each change is an event that says from what to what. `keepwell up` follows it within a second.
"""

from collections.abc import Collection as Names
from collections.abc import Mapping
from dataclasses import replace

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Scale
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.server.pools.files import MOST_INDEXES, Wish
from keepwell.infrastructure.metadata import Collection

MOST_WORKERS = MOST_INDEXES // 2
"""Of a workspace: as many again may be about to end."""

_NAME = "workers"


class Scaling:
    """The number of workers, as it is wanted.

    Args:
        metadata: The record.
    """

    def __init__(self, metadata: MetadataStore) -> None:
        self._records = Collection(metadata, "scale", Scale, name=lambda _: _NAME)

    def read(self) -> Scale:
        """Return how many workers there are to be."""
        return self._records.get(_NAME) or Scale()

    def begin(
        self,
        workers: int,
        pools: Mapping[str, int],
        *,
        keep: bool,
        why: str,
        endpoints: Names[str] = (),
    ) -> Scale:
        """Return what `keepwell up` starts with: what was declared.

        Args:
            workers: General workers, as declared.
            pools: Workers of one endpoint alone, as declared.
            keep: Workers that answer already are taken over: then what was chosen for them since they
                were started stays, unless something else is declared now.
            why: Where that was declared.
            endpoints: The endpoints that there are.

        Raises:
            UsageError: If those are too many.
            NotFoundError: If there is no such endpoint.
        """
        for name, count in pools.items():
            _check_pool(name, count, endpoints)
        own = {name: count for name, count in sorted(pools.items()) if count}
        declared = Scale(workers=workers, pools=own, declared=repr((workers, own)))
        _check_total(declared)
        present = self._records.get(_NAME)
        if present is not None and keep and present.declared == declared.declared:
            return present
        if present != declared:
            self._write(declared, "declared", present or Scale(workers=0), why)
        return declared

    def change(
        self,
        *,
        workers: int | None = None,
        pools: Mapping[str, int] | None = None,
        endpoints: Names[str] = (),
        why: str = "",
    ) -> Scale:
        """Want another number of workers; what is not said stays as it is.

        Args:
            workers: General workers.
            pools: Workers of one endpoint alone, by its name; 0 for none of its own.
            endpoints: The endpoints that there are.
            why: The reason, for the record.

        Raises:
            UsageError: If there would be too few or too many.
            NotFoundError: If there is no such endpoint.
        """
        seq = self._records.seq(_NAME)
        before = self.read()
        if workers is not None and workers < 1:
            raise UsageError(
                f"{workers} general workers are too few",
                why="they own the port, and answer what has no worker of its own",
                now="keepwell scale 1",
            )
        for name, count in (pools or {}).items():
            _check_pool(name, count, {*endpoints, *before.pools})
        own = before.pools | dict(pools or {})
        after = replace(
            before,
            workers=before.workers if workers is None else workers,
            pools={name: count for name, count in sorted(own.items()) if count},
        )
        _check_total(after)
        if after != before:
            self._write(after, "scaled", before, why, seq)
        return after

    def _write(
        self, after: Scale, verb: str, before: Scale, why: str, expected: int | None = None
    ) -> None:
        said = "; ".join(filter(None, (difference(before, after), why)))
        self._records.write(after, verb, said, expected)


def difference(before: Scale, after: Scale) -> str:
    """Return what changed, in words.

    >>> difference(Scale(), Scale(workers=3, pools={"churn": 2}))
    'workers 1 → 3, workers of churn 0 → 2'
    """
    parts = []
    if before.workers != after.workers:
        parts.append(f"workers {before.workers} → {after.workers}")
    for name in sorted(before.pools.keys() | after.pools.keys()):
        was, now = before.pools.get(name, 0), after.pools.get(name, 0)
        if was != now:
            parts.append(f"workers of {name} {was} → {now}")
    return ", ".join(parts)


def wish_of(scale: Scale) -> Wish:
    """Return a number of workers as the supervisor process is told it."""
    return Wish(workers=scale.workers, pools=scale.pools)


def _check_pool(name: str, count: int, endpoints: Names[str]) -> None:
    if count < 0:
        raise UsageError(
            f"'{name}' cannot have {count} workers of its own", now=f"keepwell scale {name} 0"
        )
    if name not in endpoints:
        raise NotFoundError(
            f"there is no endpoint called '{name}'",
            why=f"endpoints: {', '.join(sorted(endpoints)) or 'none yet'}",
            now=did_you_mean(name, endpoints) or "keepwell run deploys the first version",
        )


def _check_total(scale: Scale) -> None:
    total = wish_of(scale).total
    if total > MOST_WORKERS:
        raise UsageError(
            f"{total} workers are too many",
            why=f"a machine has at most {MOST_WORKERS}",
            now="serve on more machines: keepwell export kubernetes",
        )
