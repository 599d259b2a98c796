"""Aggregates over the earlier rows of a key, the same to the last bit in training and when served.

    windowed(rows, columns, windows, time="at")      # a table: all rows at once (`batch`)
    store = WindowStore(home / "serving" / "windows.db")     # one request at a time: what happened before
    Completer(history, store).complete([{"customer": "c-7", "amount": 12.5}], now)

Law: rows that are asked for one by one, each kept once it is answered, get the values that `windowed` gives
them as a table. A row sees the rows of its key from `over` before its time until just before it: never
itself, never one of the same moment, never a later one.
"""

from keepwell.features.windows.batch import windowed
from keepwell.features.windows.completing import Completer, Event
from keepwell.features.windows.store import WindowStore

__all__ = ["Completer", "Event", "WindowStore", "windowed"]
