import itertools
import os
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.identifiers import is_id, new_id, time_of


@given(st.floats(0, 2**48 / 1000 - 1))
def test_an_id_tells_its_time_to_the_millisecond(now: float) -> None:
    identifier = new_id(now)
    assert is_id(identifier)
    assert abs(time_of(identifier) - now) <= 0.0011


@given(st.integers(0, 2**47), st.integers(1, 2**40))
def test_later_ids_sort_later(millis: int, more: int) -> None:
    assert new_id(millis / 1000) < new_id((millis + more + 1) / 1000)


def test_ids_are_stamped_with_the_present_and_differ() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert abs(time_of(min(ids)) - time.time()) < 60


def test_threads_and_forked_children_draw_ids_of_their_own() -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: [new_id(1.0) for _ in range(3000)], range(4)))
    own = [new_id(1.0) for _ in range(10)]
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        os.write(writer, "".join(new_id(1.0) for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    text = os.read(reader, 5000).decode()
    os.close(reader)
    os.close(writer)
    theirs = [text[at : at + 26] for at in range(0, len(text), 26)]
    all_ids = [*itertools.chain(*drawn), *own, *theirs, *(new_id(1.0) for _ in range(300))]
    assert len(set(all_ids)) == len(all_ids) == 12_410


@pytest.mark.parametrize(
    "text", ["", "x", "0" * 25, "0" * 27, "8" + "0" * 25, "I" * 26, "0" * 25 + "u"]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="is not a ULID"):
        time_of(text)
