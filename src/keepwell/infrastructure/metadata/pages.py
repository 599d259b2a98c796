"""The record as it lies in the database, row by row and unread: what an audit looks at."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from keepwell.infrastructure.metadata.schema import events, states

_ROWS_AT_ONCE = 2000


class EventRow(NamedTuple):
    """One row of `events`; nothing about it is believed yet."""

    seq: Any
    time: Any
    actor: Any
    kind: Any
    name: Any
    verb: Any
    why: Any
    data: Any
    prior: Any
    previous: Any
    hash: Any


class StateRow(NamedTuple):
    """One row of `states`; nothing about it is believed yet."""

    kind: Any
    name: Any
    seq: Any
    time: Any
    data: Any


class Pages:
    """All rows as of one moment."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection.execution_options(yield_per=_ROWS_AT_ONCE)

    def events(self) -> Iterator[EventRow]:
        """Yield every event, in the order of `seq`."""
        columns = [events.c[name] for name in EventRow._fields]
        for row in self._connection.execute(sa.select(*columns).order_by(events.c.seq)):
            yield EventRow(*row)

    def states(self) -> Iterator[StateRow]:
        """Yield every state, in the order of its name."""
        columns = [states.c[name] for name in StateRow._fields]
        query = sa.select(*columns).order_by(states.c.kind, states.c.name)
        for row in self._connection.execute(query):
            yield StateRow(*row)
