"""Work on a stream by several threads, its results in order and only a few at a time."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(items: Iterable[T], work: Callable[[T], R], threads: int) -> Generator[R, None, None]:
    """Yield `work(item)` for each item, in order.

    The next items are read while earlier ones are worked on; at most `threads + 1` are held at a time.
    The first error, of an item's reading or of its work, ends it; work in progress is waited for.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="batch") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                del item  # the thread's now: it must not outlive its turn here
                while len(waiting) > threads or (waiting and waiting[0].done()):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
