"""Lists by each method, what is left out of them, and files that give the same lists."""

import numpy as np
import pytest

from keepwell.core.errors import FormatError
from keepwell.features.recommendation import Catalogue, History, Recommender
from keepwell.features.recommendation.recommender import best
from keepwell.features.recommendation.storage import NAMES, restore, store

HISTORY = History(
    starts=np.array([0, 2, 3]),
    items=np.array([0, 1, 2]),
    weights=np.ones(3),
    held=np.array([False, True, False]),
)
CATALOGUE = Catalogue(
    labels=["a", "b", "c", "d"],
    popularity=np.array([3.0, 2.0, 1.0, 2.0]),
    recency=np.array([0.0, 0.0, 5.0, 1.0]),
    neighbours=np.array([[1, 3], [0, -1], [3, -1], [2, -1]]),
    similarities=np.array([[0.9, 0.2], [0.9, 0.0], [0.5, 0.0], [0.5, 0.0]]),
    factors=np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.0]]),
)


def made(method: str, *, repeat: bool = False) -> Recommender:
    return Recommender(
        users=["u", "v"], history=HISTORY, catalogue=CATALOGUE, method=method, repeat=repeat
    )


def items(method: str, user: str | None, **how: bool) -> list[object]:
    return [one.item for one in made(method, **how).top(user, 4)]


def test_never_recommends_what_a_user_has_unless_told_to() -> None:
    assert items("popularity", "u") == ["d", "c"]
    assert items("popularity", "u", repeat=True) == ["a", "b", "d", "c"]


def test_who_was_never_seen_gets_what_is_popular() -> None:
    for user in (None, "stranger"):
        top = made("neighbours").top(user, 2)
        assert [one.item for one in top] == ["a", "b"]
        assert top[0].why == "popular with everybody"


def test_says_what_an_item_goes_with() -> None:
    first = made("neighbours").top("v", 1)[0]
    assert (first.item, first.why) == ("d", "goes with c")


def test_vectors_find_what_is_like_the_items_taken() -> None:
    assert items("factors", "u")[0] == "d"


def test_recent_items_lead_by_recency() -> None:
    assert items("recency", "u")[0] == "c"


def test_an_exam_forgets_what_was_set_aside() -> None:
    assert "b" in [one.item for one in made("popularity").top("u", 4, learnt_only=True)]


def test_the_best_are_found_with_ties_in_order() -> None:
    assert best(np.array([1.0, 3.0, 3.0, 2.0]), 2).tolist() == [1, 2]
    assert best(np.array([1.0, 3.0]), 5).tolist() == [1, 0]


def test_files_give_the_same_lists() -> None:
    first = made("factors")
    again = restore(store(first).__getitem__, lambda text, width: lambda known: known[:, 0])
    assert again.top("u", 3) == first.top("u", 3)
    files = store(first) | {NAMES: b'{"format": 99}'}
    with pytest.raises(FormatError, match="format 99"):
        restore(files.__getitem__, lambda text, width: lambda known: known[:, 0])
