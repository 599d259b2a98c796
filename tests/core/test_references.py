import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.references import Ref

_text = st.text(min_size=1)


@given(_text.filter(lambda kind: ":" not in kind), _text)
def test_a_reference_is_read_back_as_it_was_written(kind: str, name: str) -> None:
    assert Ref.parse(str(Ref(kind, name))) == Ref(kind, name)


def test_a_name_may_hold_colons_and_slashes() -> None:
    assert Ref.parse("alias:churn/a:b") == Ref("alias", "churn/a:b")


@pytest.mark.parametrize("text", ["", "run", "run:", ":a", ":"])
def test_half_a_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="kind:name"):
        Ref.parse(text)
