from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import UsageError
from keepwell.deployment.flags import ConditionError, parse, read_fallback, read_rule
from keepwell.deployment.flags.expressions import (
    COMPARISONS,
    Column,
    Comparison,
    Condition,
    Every,
    Literal,
    Membership,
    Not,
    Some,
    Truth,
)

ROW = {"country": "DE", "tenure": 7, "member": True, "age in years": 41.5, "gone": None}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("country == 'DE'", True),
        ('country != "DE"', False),
        ("tenure < 6", False),
        ("tenure >= 7 and tenure <= 7", True),
        ("country in ('DE', 'AT')", True),
        ("country not in ['DE', 'AT']", False),
        ("not tenure < 6 and country == 'DE'", True),
        ("tenure < 6 or country == 'DE' and member", True),
        ("(tenure < 6 or country == 'DE') and not member", False),
        ("`age in years` > 41", True),
        ("missing == null", True),
        ("missing < 3", False),
        ("gone == null", True),
        ("tenure == '7'", False),
        ("tenure == 7.0", True),
        ("member == true", True),
        ("member == 1", False),
        ("-1 < tenure", True),
        ("country > 3", False),
    ],
)
def test_a_condition_holds_or_not(text: str, holds: bool) -> None:
    assert parse(text).holds(ROW) is holds


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("countri == 'DE'", 1, "did you mean 'country'"),
        ("country = 'DE'", 9, "write == to compare"),
        ("country ==", 11, "a column or a value is wanted"),
        ("country == 'DE' adn tenure < 6", 17, "did you mean 'and'"),
        ("(country == 'DE'", 17, "')' is wanted"),
        ("country in 'DE'", 12, "a list is wanted"),
        ("country in (tenure)", 13, "is a column"),
        ("country == 'DE", 12, "means nothing here"),
        ("", 1, "a column or a value is wanted"),
        ("not " * 80 + "member", 205, "nested too deep"),
    ],
)
def test_a_mistake_is_shown_at_its_place(text: str, position: int, said: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text, ["country", "tenure", "member"])
    assert caught.value.details["position"] == position
    assert said in str(caught.value)


names = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=8)
values = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
operands = st.builds(Column, names) | st.builds(Literal, values)
leaves: st.SearchStrategy[Condition] = (
    st.builds(Comparison, operands, st.sampled_from(COMPARISONS), operands)
    | st.builds(Membership, operands, st.lists(values, min_size=1, max_size=3).map(tuple))
    | st.builds(Truth, operands)
)
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(Every, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Some, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(conditions, st.dictionaries(names, values, max_size=4))
def test_what_is_written_reads_back_as_itself(condition: Condition, row: dict[str, Any]) -> None:
    again = parse(str(condition))
    assert str(again) == str(condition)
    assert again.holds(row) == condition.holds(row)


def test_a_name_is_quoted_unless_it_reads_as_one() -> None:
    for name in ("a·b", "no", "and", "a b", "`", "1st", "naïve", "x"):
        assert str(parse(str(parse(f"`{name.replace('`', '``')}` == 1")))).endswith("== 1")


def test_a_rule_is_a_condition_an_arrow_and_a_version() -> None:
    rule = read_rule("country == 'DE' -> v7")
    assert (rule.when, rule.version) == ("country == 'DE'", 7)
    for wrong in ("country == 'DE'", "country == 'DE' -> 7", "-> v7"):
        with pytest.raises(UsageError):
            read_rule(wrong)


def test_a_fallback_is_a_version_a_rule_or_a_constant() -> None:
    assert read_fallback("previous", previous=3).version == 3
    assert read_fallback("v12").version == 12
    assert read_fallback('"No"').value == "No"
    assert read_fallback('"a -> b"').value == "a -> b"
    assert read_fallback("0.5").value == 0.5
    step = read_fallback('tenure < 6 -> "Yes"')
    assert (str(step.when), step.value) == ("tenure < 6", "Yes")
    with pytest.raises(UsageError, match="in quotes"):
        read_fallback("No")
    with pytest.raises(UsageError, match="did you mean 'previous'"):
        read_fallback("previos")
