import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.events import GENESIS, acting_as, canonical, chain_hash, current_actor
from keepwell.core.references import Ref
from keepwell.infrastructure.metadata.chaining import link

_text = st.text(st.characters(exclude_categories=["Cs"]))
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _text,
    lambda inner: st.lists(inner) | st.dictionaries(_text, inner),
    max_leaves=10,
)


@given(_json)
def test_canonical_text_is_a_fixed_point(data: object) -> None:
    assert canonical(json.loads(canonical(data))) == canonical(data)


def test_canonical_text_does_not_depend_on_the_order_of_keys() -> None:
    assert (
        canonical({"b": 1, "a": [1, {"d": 2.0, "c": "é"}]}) == '{"a":[1,{"c":"é","d":2.0}],"b":1}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_canonical_text_has_no_word_for_what_is_not_finite(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"x": value})


@given(
    st.integers(1),
    st.floats(0, 1e12),
    _text,
    _text,
    st.none() | st.dictionaries(_text, _json),
    st.integers(0),
)
def test_the_hash_of_the_stored_text_is_the_hash_of_the_event(
    seq: int, time: float, actor: str, why: str, data: dict[str, object] | None, prior: int
) -> None:
    text = None if data is None else canonical(data)
    stored = link(
        seq=seq, time=time, actor=actor, ref="thing:a", verb="made", why=why, text=text, prior=prior,
        previous=GENESIS,
    )  # fmt: skip
    assert stored == chain_hash(
        seq=seq, time=time, actor=actor, ref=Ref("thing", "a"), verb="made", why=why, data=data, prior=prior,
        previous=GENESIS,
    )  # fmt: skip


def test_a_known_event_has_a_known_hash() -> None:
    digest = chain_hash(
        seq=1, time=1700000000.5, actor="user:ana", ref=Ref("alias", "churn/champion"), verb="promoted",
        why="won by 0.012", data={"version": 3}, prior=0, previous=GENESIS,
    )  # fmt: skip
    assert digest == "8004e4f5d75b0e0ce8c1901a6ed3efb6d9745322ef7573cc16d6e8b2d00e5cae"


def test_who_acts_is_known_within_the_block_and_the_thread() -> None:
    seen = []
    with acting_as("user:ana"), acting_as("loop"):
        thread = threading.Thread(target=lambda: seen.append(current_actor()))
        thread.start()
        thread.join()
        seen.append(current_actor())
    assert seen == ["system", "loop"]
    assert current_actor() == "system"
