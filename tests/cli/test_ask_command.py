"""`keepwell ask`: the answer, and what vouches for it."""

from pathlib import Path
from typing import Any

import pytest
from tiny_models import tiny

pytest.importorskip("torch", reason="needs the extra 'nlp'")
pytest.importorskip("transformers", reason="needs the extra 'nlp'")

WORDS = ["the", "film", "was", "good", "bad", "who", "wrote", "it", "ada", "in", "spring"]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sentiment"
    folder = tiny(
        "BertForSequenceClassification", folder, WORDS, num_labels=2, id2label={0: "bad", 1: "good"}
    )
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    return folder


def test_tells_the_answer_and_where_it_comes_from(keepwell: Any, judge: Path) -> None:
    asked = keepwell("ask", str(judge), "the film was good", "it was bad", "--json").document
    assert asked["task"] == "sentiment"
    assert [one["asked"] for one in asked["answers"]] == ["the film was good", "it was bad"]
    which = asked["provenance"]
    assert (which["licence"], which["model"]) == ("mit", str(judge))
    listed = keepwell("pretrained", str(judge.parent), "--json").document[0]
    assert (which["sha256"], which["size"]) == (listed["sha256"], listed["bytes"])
    shown = keepwell("ask", "sentiment", "the film was good", "--models", str(judge.parent)).out
    assert asked["answers"][0]["output"] in shown
    assert which["sha256"] in shown
    assert "mit" in shown


def test_looks_for_an_answer_in_a_file(keepwell: Any, tmp_path: Path) -> None:
    folder = tiny("BertForQuestionAnswering", tmp_path / "squad", WORDS)
    (tmp_path / "letter.txt").write_text("ada wrote it in spring")
    words = ("ask", str(folder), "who wrote it")
    asked = keepwell(*words, "--context", f"@{tmp_path / 'letter.txt'}", "--json").document
    assert asked["answers"][0]["output"] in "ada wrote it in spring"
    gone = keepwell(*words, "--context", f"@{tmp_path / 'gone.txt'}")
    assert gone.code == 1
    assert "--context @FILE" in gone.err


def test_nothing_asked_and_a_task_that_is_none_are_wrong_usage(keepwell: Any, judge: Path) -> None:
    silent = keepwell("ask", str(judge))
    assert silent.code == 2
    assert "what is the model to be asked?" in silent.err
    wrong = keepwell("ask", str(judge), "good", "--task", "qa", "--context", "good")
    assert wrong.code == 2
    assert "is not made for 'qa'" in wrong.err
