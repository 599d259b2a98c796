"""The language of conditions: what is read is what was written, and what is wrong is named."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.rules import (
    CAUSES,
    MEASURES,
    WORDS,
    Comparison,
    Expression,
    Hours,
    LanguageError,
    Word,
    all_of,
    any_of,
    parse,
    render,
    without,
    words_of,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "conditions.md"

_columns = st.from_regex(r"[A-Za-z_][\w.-]{0,8}", fullmatch=True) | st.text(
    st.characters(categories=["L", "N", "Zs"], include_characters=" ()&|~:"), min_size=1, max_size=8
)
_about = {
    "column": _columns,
    "duration": st.sampled_from(["90s", "2h", "1.5h", "7d"]),
    "cause": st.sampled_from(sorted(CAUSES)),
    "hours": st.sampled_from(["mon,fri 08:00-18:00", "22:00-06:00", "sat,sun"]),
}


@st.composite
def _leaves(draw: st.DrawFn) -> Expression:
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(WORDS)))
        vocable = WORDS[name]
        about = ""
        if vocable.about and (vocable.needed or draw(st.booleans())):
            about = draw(_about[vocable.about])
        return Word(name, about.strip() if vocable.about != "column" else about)
    measure = draw(st.sampled_from(sorted(MEASURES)))
    if MEASURES[measure].family:
        measure = f"{measure}:{draw(_columns)}"
    limit = draw(st.floats(-1e9, 1e9, allow_nan=False))
    return Comparison(measure, draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="])), limit)


_expressions = st.recursive(
    _leaves(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: all_of(*parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: any_of(*parts)),
        inner.map(without),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(_expressions)
def test_what_is_rendered_reads_back_as_it_was(expression: Expression) -> None:
    assert parse(render(expression)) == expression


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        expression = parse(text)
    except LanguageError as error:
        said = str(error)
    else:
        said = render(expression)
    assert said


def test_words_and_signs_mean_the_same() -> None:
    assert parse("drift and not (rollout or load.high)") == parse("drift & ~(rollout | load.high)")


def test_and_binds_more_than_or() -> None:
    assert parse("drift | errors & latency") == any_of(
        Word("drift"), all_of(Word("errors"), Word("latency"))
    )


def test_percentages_and_quoted_columns_are_read() -> None:
    assert parse("error_rate > 5% & drift:`monthly charges` >= 0.3") == all_of(
        Comparison("error_rate", ">", 0.05), Comparison("drift:monthly charges", ">=", 0.3)
    )


def test_words_are_listed_from_left_to_right() -> None:
    found = words_of(parse("~(drift(age) | load > 0.5) & errors"))
    assert list(found) == [Word("drift", "age"), Comparison("load", ">", 0.5), Word("errors")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drft", "unknown word 'drft' — did you mean 'drift'?"),
        ("load.hihg", "did you mean 'load.high'?"),
        ("drift errors", "'errors' follows without & or | before it"),
        ("drift &", "it ends where a word is missing"),
        ("& drift", "a word is missing before '&'"),
        ("(drift", "a parenthesis is not closed"),
        ("drift)", "a parenthesis is closed that was not opened"),
        ("drift(age", "the parenthesis behind 'drift' is not closed"),
        ("drift()", "is about nothing"),
        ("rollout(2h)", "'rollout' takes nothing in parentheses"),
        ("recent_deploy(soon)", "is not a duration"),
        ("cause", "cause(upstream)"),
        ("cause(moon)", "'moon' is no kind of cause"),
        ("time(25:00-26:00)", "is no span of hours"),
        ("latency_p95 > 3", "did you mean 'latency_p95_ms'?"),
        ("starved > 3", "it is a word that holds or does not"),
        ("rows", "'rows' is a number: compare it"),
        ("metric > 0.5", "needs to say of what: metric:roc_auc"),
        ("rows:age > 5", "'rows' takes nothing behind a colon"),
        ("rows > many", "needs a number, not 'many'"),
        ("drift § errors", "is no word, number or sign"),
        ("", "it ends where a word is missing"),
        ("~" * 60 + "drift", "nested too deeply"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(LanguageError, match=re.escape(said)):
        parse(text)


def test_the_reference_lists_every_word() -> None:
    page = PAGE.read_text()
    for name, vocable in WORDS.items():
        about = {
            "column": "(COLUMN)",
            "duration": "(DURATION)",
            "cause": "(KIND)",
            "hours": "(HOURS)",
        }
        shown = name + (about[vocable.about] if vocable.about else "")
        assert f"| `{shown}` | {vocable.meaning} |" in page
    for name, measure in MEASURES.items():
        assert f"| `{measure.family or name}` | {measure.meaning} |" in page
    for kind, said in CAUSES.items():
        assert f"| `{kind}` | {said} |" in page


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("mon-fri 08:00-18:00", (0, 9, 0), (5, 9, 0)),
        ("mon-fri 08:00-18:00", (4, 17, 59), (4, 18, 0)),
        ("22:00-06:00", (2, 23, 0), (2, 12, 0)),
        ("fri 22:00-06:00", (5, 5, 59), (4, 5, 0)),
        ("sat,sun", (6, 0, 0), (0, 0, 0)),
        ("fri-mon 00:00-24:00", (0, 23, 59), (1, 0, 0)),
    ],
)
def test_hours_hold_at_their_times(
    text: str, inside: tuple[int, int, int], outside: tuple[int, int, int]
) -> None:
    hours = Hours.parse(text)
    monday = 4 * 86400.0  # 1970-01-05
    times = [
        monday + day * 86400 + hour * 3600 + minute * 60 for day, hour, minute in (inside, outside)
    ]
    assert [hours.hold(time) for time in times] == [True, False]
    assert Hours.parse(str(hours)) == hours


@pytest.mark.parametrize("text", ["", "9-5", "mon-fry 08:00-18:00", "08:00-08:00", "08:00-25:00"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no (day|span|hours)|names no|empty"):
        Hours.parse(text)
