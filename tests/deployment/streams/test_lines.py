"""Events in a file that grows, or in a pipe, each answered."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stream_victim

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.identifiers import is_id
from keepwell.deployment.scoring import Scorer, load_scorer
from keepwell.deployment.streams import Attached, attach, open_stream
from keepwell.infrastructure.codec import to_json

Models = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path, model_of: Models) -> Path:
    made = model_of()
    for name, data in made.files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "signature").write_bytes(to_json(made.signature))
    return tmp_path


@pytest.fixture
def scorer(model_of: Models) -> Scorer:
    made = model_of()
    return load_scorer(made.files.__getitem__, made.signature)


def events(a_row: dict[str, Any], start: int, stop: int) -> str:
    return "".join(json.dumps({**a_row, "number": at}) + "\n" for at in range(start, stop))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def follow(scorer: Scorer, source: Path, output: Path, expected: int) -> Attached:
    """Follow until so many answers stand in the output, then stop."""
    stop = threading.Event()

    def watch() -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if output.exists() and output.read_bytes().count(b"\n") >= expected:
                break
            time.sleep(0.02)
        stop.set()

    threading.Thread(target=watch).start()
    return attach(lambda: (scorer, 3), open_stream(str(source), str(output)), stop=stop)


def test_what_is_added_is_answered_from_where_it_was(
    tmp_path: Path, scorer: Scorer, a_row: dict[str, Any]
) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(events(a_row, 0, 30) + '{"number": 30, "visi')  # the last one is coming
    assert follow(scorer, source, output, 30).events == 30
    source.write_text(events(a_row, 0, 45))
    assert follow(scorer, source, output, 45).events == 15
    told = lines(output)
    assert [one["number"] for one in told] == list(range(45))
    (expected,) = scorer.rows([a_row]).predictions
    assert {one["prediction"] for one in told} == {expected}
    assert {"probability_No", "probability_Yes"} <= told[0].keys()
    assert {one["model_version"] for one in told} == {3}
    ids = [one["prediction_id"] for one in told]
    assert all(map(is_id, ids))
    assert len(set(ids)) == 45


def test_a_follower_ends_once_nothing_came_for_so_long(
    tmp_path: Path, scorer: Scorer, a_row: dict[str, Any]
) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(events(a_row, 0, 5))
    began = time.monotonic()
    done = attach(lambda: (scorer, 3), open_stream(str(source), str(output)), idle=0.3)
    assert done == Attached(events=5, refused=0)
    assert 0.3 <= time.monotonic() - began < 10


def test_a_bad_event_is_answered_and_passed(
    tmp_path: Path, scorer: Scorer, a_row: dict[str, Any]
) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    bad = '[1]\nnot json\n{"visits": "many"}\n\n'
    source.write_text(events(a_row, 0, 5) + bad + events(a_row, 5, 10))
    assert follow(scorer, source, output, 13) == Attached(events=13, refused=3)
    told = lines(output)
    assert "not a JSON object" in told[5]["error"]["what"]
    assert told[6]["event"] == "not json"
    assert "'visits'" in told[7]["error"]["what"]
    assert [one["number"] for one in told if "number" in one] == list(range(10))


def test_a_file_that_was_replaced_is_read_from_its_start(
    tmp_path: Path, scorer: Scorer, a_row: dict[str, Any]
) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(events(a_row, 0, 20))
    follow(scorer, source, output, 20)
    source.rename(tmp_path / "in.1.jsonl")
    source.write_text(events(a_row, 20, 25))
    follow(scorer, source, output, 25)
    assert [one["number"] for one in lines(output)] == list(range(25))


@pytest.mark.parametrize("answers", [10, 30])
def test_a_killed_follower_leaves_none_out_and_answers_none_twice(
    place: Path, scorer: Scorer, a_row: dict[str, Any], answers: int
) -> None:
    source, output = place / "in.jsonl", place / "out.jsonl"
    source.write_text(events(a_row, 0, 50))
    victim = str(Path(stream_victim.__file__))
    words = [sys.executable, victim, str(place), str(source), str(output), str(answers)]
    child = subprocess.run(words, check=False, capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert len(lines(output)) == answers  # ten of them were not noted
    assert follow(scorer, source, output, 50).events == 60 - answers
    assert [one["number"] for one in lines(output)] == list(range(50))


def test_a_pipe_ends_with_its_input(place: Path, a_row: dict[str, Any]) -> None:
    victim = str(Path(stream_victim.__file__))
    words = [sys.executable, victim, str(place), "-", "-", "0"]
    given = events(a_row, 0, 25).rstrip("\n")  # the last line may lack its end
    child = subprocess.run(words, input=given, check=True, capture_output=True, text=True)
    assert [json.loads(line)["number"] for line in child.stdout.splitlines()] == list(range(25))
    assert child.stderr.split() == ["25", "0"]


def test_a_pipe_is_answered_as_it_flows(place: Path, a_row: dict[str, Any]) -> None:
    victim = str(Path(stream_victim.__file__))
    words = [sys.executable, victim, str(place), "-", "-", "0"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for at in range(3):
            child.stdin.write(events(a_row, at, at + 1).encode())
            child.stdin.flush()
            assert json.loads(child.stdout.readline())["number"] == at
        child.stdin.close()
        assert child.wait(20) == 0


def test_refusals(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with pytest.raises(NotFoundError, match="no file"):
        open_stream(str(source), "-")
    source.write_text("")
    (tmp_path / "out.jsonl").write_text("precious\n")
    with pytest.raises(UsageError, match="is there already"):
        open_stream(str(source), str(tmp_path / "out.jsonl"))
    assert (tmp_path / "out.jsonl").read_text() == "precious\n"
    for names in (("in.csv", "-"), ("-", "out.parquet"), ("amqp://host/q", "-")):
        with pytest.raises(UsageError, match="cannot be followed"):
            open_stream(*names)
    with pytest.raises(UsageError, match="answered by a topic"):
        open_stream("kafka://h:1/a", "-")
