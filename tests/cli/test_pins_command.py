"""`keepwell data pin`, `fetch`, `pins`: what a reader and a program see of pinned files."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keepwell.cli.commands.data import pins as command

ROWS = "tenure,churn\n" + "".join(f"{number},{number % 2}\n" for number in range(200))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project in Git that reads a file which Git shall not keep; its store may be shared."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "keepwell.yaml").write_text("project: shop\ndata:\n  source: shop.csv\n")
    (root / "shop.csv").write_text(ROWS)
    monkeypatch.setenv("KEEPWELL_BLOBS_URL", str(tmp_path / "store"))
    monkeypatch.chdir(root)
    _git("init", "-q")
    return root


def _git(*words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


def _commit_and_clone(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    _git("add", "keepwell.yaml", ".gitignore", *(path.name for path in root.glob("*.pin")))
    _git("commit", "-q", "-m", "pin")
    other = root.with_name("clone")
    _git("clone", "-q", str(root), str(other))
    monkeypatch.chdir(other)
    return other


def test_a_clone_fetches_what_git_does_not_keep_and_runs(
    keepwell: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = keepwell("data", "pin", "shop.csv")
    assert pinned.code == 0
    assert "pinned   shop.csv  (1.1 kB): 1.1 kB stored" in pinned.out
    assert "next     git add shop.csv.pin .gitignore" in pinned.out
    other = _commit_and_clone(repository, monkeypatch)
    assert not (other / "shop.csv").exists()
    refused = keepwell("run")
    assert refused.code == 1
    assert "'shop.csv' is pinned, and its content is not here" in refused.err
    assert "keepwell data fetch shop.csv" in refused.err
    assert "missing here" in keepwell("data", "pins").out
    assert "fetched  shop.csv  (1.1 kB): 1.1 kB written" in keepwell("data", "fetch").out
    assert (other / "shop.csv").read_text() == ROWS
    assert keepwell("run").code == 0
    assert "in place already" in keepwell("data", "fetch", "shop.csv").out


def test_a_program_reads_what_was_done(keepwell: Any, repository: Path) -> None:
    for name in ("a", "b"):
        (repository / "photos" / name).mkdir(parents=True)
        (repository / "photos" / name / "1.png").write_text("same")
    [pinned] = keepwell("data", "pin", "photos", "--json").document["pinned"]
    assert (pinned["kind"], pinned["files"], pinned["size"]) == ("folder", 2, 8)
    assert (pinned["stored"], pinned["known"], pinned["ignored"]) == (4, 4, True)
    (repository / "photos" / "a" / "1.png").write_text("else")
    [found] = keepwell("data", "pins", "--json").document["pins"]
    assert (found["here"], found["stored"], found["changed"]) == ("changed", True, ["a/1.png"])
    assert found["sha256"] == pinned["sha256"]
    refused = keepwell("data", "fetch", "photos", "--json")
    assert refused.code == 1
    assert refused.document["error"]["details"] == {"changed": ["photos/a/1.png"]}
    all_of_it = keepwell("data", "fetch", "--json")
    assert all_of_it.code == 1
    [failed] = all_of_it.document["fetched"]
    assert failed["error"]["details"] == {"changed": ["photos/a/1.png"]}
    [fetched] = keepwell("data", "fetch", "--force", "--json").document["fetched"]
    assert (fetched["files"], fetched["written"], fetched["more"]) == (1, 4, [])


def test_a_store_that_lacks_it_is_told(keepwell: Any, repository: Path, tmp_path: Path) -> None:
    keepwell("data", "pin", "shop.csv")
    (repository / "shop.csv").unlink()
    shutil.rmtree(tmp_path / "store")
    assert "missing in the store" in keepwell("data", "pins").out
    refused = keepwell("data", "fetch")
    assert refused.code == 1
    assert "the content of shop.csv is not in the blob store" in refused.err
    assert "KEEPWELL_BLOBS_URL" in refused.err


def test_what_is_not_as_pinned_fails_only_where_it_is_checked(
    keepwell: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "the data").mkdir()
    (repository / "shop.csv").rename(repository / "the data" / "shop.csv")
    monkeypatch.chdir(repository / "the data")
    assert "next     git add shop.csv.pin .gitignore" in keepwell("data", "pin", "shop.csv").out
    assert keepwell("data", "pins", "--check").code == 0
    (repository / "the data" / "shop.csv").write_text("tenure,churn\n")
    assert keepwell("data", "pins").code == 0
    assert keepwell("data", "pins", "--check").code == 1
    (repository / "the data" / "shop.csv.pin").write_text('{"keepwell": "pin 1"')
    (repository / "other.bin").write_text("x")
    monkeypatch.chdir(repository)
    assert "git add other.bin.pin .gitignore" in keepwell("data", "pin", "other.bin").out
    ended = keepwell("data", "pins")
    assert ended.code == 1
    assert "error: see below" in ended.out
    assert ended.err.count("✗ ") == 1
    assert ended.err.count("→ ") == 1
    assert "git checkout -- 'the data/shop.csv.pin'" in ended.err
    (repository / "other.bin").unlink()
    ended = keepwell("data", "fetch")
    assert ended.code == 1
    assert "fetched  other.bin" in ended.out
    assert "failed   the data/shop.csv" in ended.out
    assert ended.err.startswith("✗ ")


def test_nothing_pinned_says_how_to_pin(keepwell: Any, repository: Path) -> None:
    for words in (("pins",), ("fetch",)):
        assert "keepwell data pin PATH" in keepwell("data", *words).out


def test_a_pointer_that_git_ignores_is_a_warning(keepwell: Any, repository: Path) -> None:
    (repository / ".gitignore").write_text("*.pin\n")
    ended = keepwell("data", "pin", "shop.csv")
    assert ended.code == 0
    assert "git add --force shop.csv.pin" in ended.err
    assert "next     git add .gitignore\n" in ended.out


def test_work_that_takes_long_shows_how_far_it_is(
    keepwell: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "pin …" not in keepwell("data", "pin", "shop.csv").err
    monkeypatch.setattr(command, "PATIENCE", 0.0)
    (repository / "shop.csv").write_text(ROWS + "9,1\n")
    ended = keepwell("data", "pin", "shop.csv", "--json")
    assert "pin … (reading shop.csv)" in ended.err
    assert ended.document["pinned"][0]["path"] == "shop.csv"


def test_the_next_step_is_that_of_the_state(
    keepwell: Any, repository: Path, tmp_path: Path
) -> None:
    def told() -> list[str]:
        lines = keepwell("data", "pins").out.splitlines()
        at = next((at for at, line in enumerate(lines) if line.startswith("next ")), len(lines))
        return [line[9:] for line in lines[at:]]

    store = tmp_path / "store"
    (repository / "photos").mkdir()
    for name in ("1.png", "2.png"):
        (repository / "photos" / name).write_text(name)
    keepwell("data", "pin", "photos", "shop.csv")
    assert told() == []
    (repository / "photos" / "1.png").unlink()
    assert "in part" in keepwell("data", "pins").out
    assert told() == ["keepwell data fetch photos"]
    (repository / "photos" / "1.png").write_text("1.png")
    (repository / "photos" / "new one.png").write_text("x")
    [line] = told()
    assert line.startswith("mv 'photos/new one.png' ELSEWHERE ")
    assert line.endswith("keepwell data pin photos keeps it there")
    (repository / "photos" / "new one.png").unlink()
    (repository / "shop.csv").write_text("tenure,churn\n")
    assert told() == [
        "keepwell data pin shop.csv keeps what changed; keepwell data fetch shop.csv --force goes back"
    ]
    (repository / "shop.csv").unlink()
    shutil.rmtree(store)
    lost, unsent = told()
    assert str(store) in lost
    assert lost.endswith("KEEPWELL_BLOBS_URL=s3://… keepwell data fetch shop.csv")
    assert unsent == f"keepwell data pin photos sends what is here to {store}"
    keepwell("data", "pin", "photos")
    assert len(told()) == 1


def test_an_error_that_names_no_pin_is_told_with_its_path(
    keepwell: Any, repository: Path, tmp_path: Path
) -> None:
    digest = keepwell("data", "pin", "shop.csv", "--json").document["pinned"][0]["sha256"]
    (repository / "shop.csv").unlink()
    blob = tmp_path / "store" / digest[:2] / digest[2:4] / digest
    blob.chmod(0o600)
    blob.write_text(ROWS.replace("1", "2"))
    ended = keepwell("data", "fetch")
    assert ended.code == 1
    assert ended.err.startswith("shop.csv:\n✗ the blob ")
