import pytest

from keepwell.core.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [
        ("metrc", "did you mean 'metric'?"),
        ("METRIC", "did you mean 'metric'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_only_a_close_word_is_suggested(word: str, suggestion: str) -> None:
    assert did_you_mean(word, ["metric", "budget"]) == suggestion


def test_a_suggestion_is_written_as_it_is_known() -> None:
    assert did_you_mean("churn", ["Churn"]) == "did you mean 'Churn'?"
    assert did_you_mean("x", []) == ""
