import time

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


@pytest.mark.parametrize(
    "text", ["", "x", "0" * 25, "0" * 27, "8" + "0" * 25, "I" * 26, "0" * 25 + "u"]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="is not a ULID"):
        time_of(text)
