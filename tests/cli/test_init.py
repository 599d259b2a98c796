"""`keepwell init`: from a table to a project file."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from keepwell.infrastructure.project_file import load_project

ROWS = "customer_id,signed_up,plan,charges,churned\n" + "".join(
    f"C{number:04d},2024-01-{1 + number % 28:02d},{'year' if number % 3 else 'month'},"
    f"{20 + number / 7:.2f},{'yes' if number % 4 else 'no'}\n"
    for number in range(60)
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which holds a table."""
    (tmp_path / "shop.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_a_project_that_reads_back(keepwell: Any, here: Path) -> None:
    ended = keepwell("init", "shop", "--data", "shop.csv", "--target", "churned", "--json")
    assert ended.code == 0
    spec = load_project(here / "shop" / "keepwell.yaml")
    assert (spec.name, spec.data.source, spec.data.target) == ("shop", "../shop.csv", "churned")
    assert (spec.data.key, spec.data.time) == ("customer_id", "signed_up")
    roles = {column["name"]: column["role"] for column in ended.document["columns"]}
    assert roles == {
        "customer_id": "key",
        "signed_up": "time",
        "plan": "feature",
        "charges": "feature",
        "churned": "target",
    }


def test_it_says_what_it_saw_and_what_to_do_next(keepwell: Any, here: Path) -> None:
    shown = keepwell("init", "shop", "--data", "shop.csv", "--target", "churned").out
    assert "charges      number      feature" in shown
    assert "cd shop && keepwell run && keepwell up" in shown
    assert "name a target" in keepwell("init", "kept", "--data", "shop.csv").out


def test_it_works_in_the_current_folder(keepwell: Any, here: Path) -> None:
    assert keepwell("init", "--data", "shop.csv", "--name", "corner-shop").code == 0
    spec = load_project(here / "keepwell.yaml")
    assert (spec.name, spec.data.source) == ("corner-shop", "shop.csv")
    assert keepwell("plan").code == 0


def test_options_win_over_guesses(keepwell: Any, here: Path) -> None:
    words = ["--data", "shop.csv", "--target", "charges", "--key", "plan", "--time", "signed_up"]
    roles = {
        c["name"]: c["role"] for c in keepwell("init", "a", *words, "--json").document["columns"]
    }
    assert roles["plan"] == "key"
    assert roles["customer_id"] == "left out"


@pytest.mark.parametrize("option", ["--target", "--key", "--time"])
def test_unknown_columns_are_refused_with_a_suggestion(
    keepwell: Any, here: Path, option: str
) -> None:
    ended = keepwell("init", "shop", "--data", "shop.csv", option, "chrned")
    assert ended.code == 2
    assert "did you mean 'churned'?" in ended.err
    assert not (here / "shop").exists()


def test_a_project_is_never_replaced_silently(keepwell: Any, here: Path) -> None:
    words = ["init", "shop", "--data", "shop.csv"]
    assert keepwell(*words).code == 0
    file = here / "shop" / "keepwell.yaml"
    file.write_text("mine")
    ended = keepwell(*words)
    assert ended.code == 1
    assert "is there already" in ended.err
    assert file.read_text() == "mine"
    assert keepwell(*words, "--overwrite").code == 0
    assert file.read_text() != "mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "empty"), ("a,b\n", ""), ('{"a": 1}\n', ""), ("a,a\n1,2\n", "a")],
    ids=["empty", "header only", "json called csv", "duplicate names"],
)
def test_what_cannot_be_read_leaves_no_project(
    keepwell: Any, here: Path, content: str, said: str
) -> None:
    (here / "bad.csv").write_text(content)
    ended = keepwell("init", "bad", "--data", "bad.csv")
    assert ended.code in (1, 2)
    assert said in ended.err
    assert "→ " in ended.err
    assert not (here / "bad" / "keepwell.yaml").exists()


def test_missing_data_is_told_with_what_is_there(keepwell: Any, here: Path) -> None:
    ended = keepwell("init", "shop", "--data", "shp.csv")
    assert ended.code == 1
    assert "did you mean 'shop.csv'?" in ended.err


def test_a_bad_name_leaves_no_project(keepwell: Any, here: Path) -> None:
    ended = keepwell("init", "shop", "--data", "shop.csv", "--name", "no/slash")
    assert ended.code == 2
    assert os.listdir(here) in (["shop.csv"], ["shop.csv", "shop"], ["shop", "shop.csv"])
    assert not (here / "shop" / "keepwell.yaml").exists()


@pytest.mark.parametrize("kind", ["classical", "automl"])
def test_a_type_is_written_with_its_reason(keepwell: Any, here: Path, kind: str) -> None:
    words = ("--data", "shop.csv", "--target", "churned", "--json")
    ended = keepwell("init", "shop", "--type", kind, *words)
    assert ended.document["type"] == kind
    text = (here / "shop" / "keepwell.yaml").read_text()
    assert f"# Type: {kind}. " in text
    train = load_project(here / "shop" / "keepwell.yaml").train
    if kind == "classical":
        assert (train.ensemble, train.search.trials, train.features) == (1, 0, "off")
        assert "lightgbm" in train.learners
    else:
        assert (train.learners, train.budget, train.calibrate) == ((), 180.0, "auto")


def test_deep_learning_depends_on_what_the_columns_hold(keepwell: Any, here: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    words = ("--data", "shop.csv", "--target", "churned")
    shown = keepwell("init", "shop", "--type", "deep", *words)
    assert "the columns are a table" in shown.out
    train = load_project(here / "shop" / "keepwell.yaml").train
    assert (train.learners, train.ensemble) == (("network", "linear"), 1)
    pytest.importorskip("transformers")
    (here / "models").mkdir()
    texts = "".join(f"a review of {n} words that says much,{n % 2}\n" for n in range(60))
    (here / "texts.csv").write_text(f"review,good\n{texts}")
    given = ("--data", "texts.csv", "--target", "good", "--model", "models")
    assert keepwell("init", "texts", "--type", "deep", *given).code == 0
    train = load_project(here / "texts" / "keepwell.yaml").train
    assert train.learners == ("embeddings", "transformer")
    assert train.text_model == "../models"


def test_a_type_without_data_is_a_template(keepwell: Any, here: Path) -> None:
    ended = keepwell("init", "first", "--type", "classical", "--json")
    assert (ended.document["template"], ended.document["type"]) == ("churn", "classical")
    assert (here / "first" / "data" / "later.csv").exists()
    assert "# Type: classical." in (here / "first" / "keepwell.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--type", "deeep"], "did you mean 'deep'"),
        (["--type", "automl", "--model", "x"], "--model is for --type deep"),
        (["--type", "automl", "--template", "forecast"], "has no type 'automl'"),
    ],
)
def test_a_type_that_cannot_be_is_refused(
    keepwell: Any, here: Path, words: list[str], complaint: str
) -> None:
    ended = keepwell("init", "no", *words)
    assert ended.code == 2
    assert complaint in ended.err
    assert not (here / "no").exists()


def test_deep_learning_says_which_extra_is_missing(
    keepwell: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepwell.training.learners.field.find_spec", lambda name: None)
    ended = keepwell("init", "no", "--type", "deep", "--data", "shop.csv", "--target", "churned")
    assert ended.code == 1
    assert "pip install 'keepwell[torch]'" in ended.err
    assert not (here / "no").exists()


@pytest.mark.parametrize("page", ["images", "text"])
def test_what_the_guides_write_into_a_project_file_reads(
    keepwell: Any, here: Path, page: str
) -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "how-to" / f"{page}.md"
    blocks = re.findall(r"^```(yaml|python|sh)\n(.*?)^```$", guide.read_text(), re.M | re.S)
    assert {kind for kind, _ in blocks} >= {"yaml"}
    for number, (kind, text) in enumerate(blocks):
        if kind == "yaml":
            (here / str(number)).mkdir()
            head = "" if "data:" in text else "data: {source: shop.csv, target: churned}\n"
            (here / str(number) / "keepwell.yaml").write_text(head + text)
            assert load_project(here / str(number) / "keepwell.yaml").data.target
        elif kind == "python":
            exec(text, {})
        else:
            for line in text.strip().splitlines():
                ended = keepwell(*line.split()[1:])
                assert ended.code == 0, ended.err
    if page == "images":
        pytest.importorskip("PIL")
        assert "image" in keepwell("init", "again", "--data", "shots.npz", "--target", "bright").out


def test_videos_and_sounds_are_refused_with_what_to_bring(keepwell: Any, here: Path) -> None:
    (here / "clips").mkdir()
    for number in range(3):
        (here / "clips" / f"{number}.mp4").write_bytes(b"x")
    ended = keepwell("init", "shop", "--data", "clips", "--target", "label")
    assert ended.code == 1
    for words in ("holds videos: 0.mp4", "tables, texts, pictures", "single frames as pictures"):
        assert words in ended.err
    lines = [f"{number},clips/{number}.mp4,{number % 2}" for number in range(3)]
    (here / "all.csv").write_text("\n".join(["id,clip,label", *lines]))
    ended = keepwell("init", "shop", "--data", "all.csv", "--target", "label", "--key", "id")
    assert ended.code == 1
    assert "beside the column 'clip', which names videos, all.csv has nothing to learn" in ended.err
    assert not (here / "shop").exists()
