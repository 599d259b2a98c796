"""Ctrl-C is noticed where a library swallows it, and Python's own handling comes back."""

import signal
import threading

import pytest

from keepwell.infrastructure.interruption import heeding


def test_a_swallowed_ctrl_c_is_raised_again() -> None:
    with heeding() as heard:
        heard.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            heard.check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_signals_do_the_same_also_where_ctrl_c_is_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    usual = signal.getsignal(signal.SIGTERM)
    try:
        with heeding(signal.SIGTERM) as heard:
            signal.raise_signal(signal.SIGINT)
            assert not heard.came
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
            assert heard.came
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) is usual


def test_another_handler_and_another_thread_are_left_alone() -> None:
    def mine(*_: object) -> None: ...

    before = signal.signal(signal.SIGINT, mine)
    try:
        with heeding():
            assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)
    seen: list[object] = []

    def elsewhere() -> None:
        with heeding():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
