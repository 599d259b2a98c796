"""`keepwell predictions`: the log, read from a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.identifiers import new_id
from keepwell.core.records import Prediction
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction

NOW = 1_700_000_000.0


@pytest.fixture
def answered(project: Path) -> list[Prediction]:
    """Leave three answered rows of two requests where a worker leaves them."""
    request = new_id(NOW)
    rows = [
        Prediction(
            id=new_id(NOW + at),
            time=NOW + at,
            endpoint="shop",
            model="shop",
            version=version,
            role="champion",
            request=asked,
            key="",
            inputs='{"tenure":3,"plan":"year"}',
            prediction='"no"',
            probabilities=(0.75, 0.25),
            latency_ms=0.4,
            trace="4bf92f3577b34da6a3ce929d0e0e4736",
        )
        for at, (version, asked) in enumerate([(1, request), (1, request), (2, "mine")])
    ]
    writer = SegmentWriter(project / ".keepwell" / "serving" / "segments", "worker-0")
    for row in rows:
        writer.append(encode_prediction(row))
    writer.close()
    return rows


def test_an_empty_log_says_what_to_do(project: Path, keepwell: Callable[..., Any]) -> None:
    ended = keepwell("predictions", "-C", project)
    assert ended.code == 0
    assert "keepwell up" in ended.out
    assert keepwell("predictions", "--json", "-C", project).document == {"predictions": []}


def test_one_or_all_of_a_request_are_shown(
    project: Path, answered: list[Prediction], keepwell: Callable[..., Any]
) -> None:
    one = keepwell("predictions", "show", answered[2].id, "--json", "-C", project)
    (document,) = one.document["predictions"]
    assert document["inputs"] == {"tenure": 3, "plan": "year"}
    assert (document["version"], document["trace"]) == (2, answered[2].trace)
    assert document["probabilities"] == {"no": 0.75, "yes": 0.25}
    both = keepwell("predictions", "show", answered[0].request, "-C", project)
    assert both.code == 0
    assert all(row.id in both.out for row in answered[:2])
    assert answered[2].id not in both.out
    assert "tenure" in both.out
    assert "no 75.0%, yes 25.0%" in both.out
    assert "2023-11-14 22:13:20 UTC" in both.out
    missing = keepwell("predictions", "show", "nobody", "-C", project)
    assert missing.code == 1
    assert "no prediction and no request 'nobody'" in missing.err


def test_the_log_is_asked_in_sql(
    project: Path, answered: list[Prediction], keepwell: Callable[..., Any]
) -> None:
    sql = "SELECT version, count(*) AS n FROM predictions GROUP BY 1 ORDER BY 1"
    ended = keepwell("predictions", "query", sql, "--json", "-C", project)
    assert ended.document["rows"] == [{"version": 1, "n": 2}, {"version": 2, "n": 1}]
    shown = keepwell("predictions", "query", sql, "-C", project)
    assert "version" in shown.out
    wrong = keepwell("predictions", "query", "SELECT nothing FROM predictions", "-C", project)
    assert wrong.code == 2
    assert "nothing" in wrong.err


def test_the_newest_are_listed_by_version(
    project: Path, answered: list[Prediction], keepwell: Callable[..., Any]
) -> None:
    words = ("predictions", "list", "--version", 1, "--json", "-C", project)
    listed = keepwell(*words).document["predictions"]
    assert {row["id"] for row in listed} == {row.id for row in answered[:2]}


def test_trimming_by_hand_tells_what_went(
    project: Path, answered: list[Prediction], keepwell: Callable[..., Any]
) -> None:
    assert "no limit" in keepwell("predictions", "trim", "-C", project).out
    keepwell("predictions", "-C", project)
    with (project / "keepwell.yaml").open("a") as file:
        file.write("serve: {log: {retention: 1s}}\n")
    ended = keepwell("predictions", "trim", "-C", project)
    assert "3 predictions" in ended.out
    assert "retention" in ended.out
    assert keepwell("predictions", "trim", "--json", "-C", project).document["predictions"] == 0


def test_data_query_sees_the_log_beside_the_datasets(
    project: Path, answered: list[Prediction], keepwell: Callable[..., Any]
) -> None:
    sql = "SELECT count(*) AS n, count(o.outcome) AS known FROM predictions p"
    sql += " LEFT JOIN outcomes o ON o.prediction_id = p.id"
    ended = keepwell("data", "query", sql, "--json", "-C", project)
    assert ended.document["rows"] == [{"n": len(answered), "known": 0}]
    wrong = keepwell("predictions", "query", "SELECT * FROM shop", "-C", project)
    assert "outcomes, predictions" in wrong.err
    assert "pg_" not in wrong.err
