import time

import pytest

from keepwell.core.clock import ManualClock, SystemClock


def test_the_system_clock_tells_unix_time() -> None:
    assert abs(SystemClock().now() - time.time()) < 5


def test_a_manual_clock_moves_by_hand_and_only_forward() -> None:
    clock = ManualClock(10.0)
    assert clock.now() == clock.now() == 10.0
    clock.advance(2.5)
    assert clock.now() == 12.5
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)
