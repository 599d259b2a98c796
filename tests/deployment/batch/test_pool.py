import threading
import time
from collections.abc import Iterator

import pytest

from keepwell.deployment.batch.pool import in_order


def test_results_come_in_order_whatever_takes_long() -> None:
    def work(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number * 2

    assert list(in_order(range(20), work, 3)) == [number * 2 for number in range(20)]


def test_only_a_few_items_are_held() -> None:
    lock, held, most = threading.Lock(), 0, 0

    def items() -> Iterator[int]:
        nonlocal held, most
        for number in range(30):
            with lock:
                held += 1
                most = max(most, held)
            yield number

    for _ in in_order(items(), lambda number: number, 2):
        with lock:
            held -= 1
    assert most <= 4


def test_the_first_error_ends_it() -> None:
    def work(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return number

    results = in_order(range(100), work, 2)
    with pytest.raises(ValueError, match="five"):
        list(results)
