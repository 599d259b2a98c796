"""Traces from being told to being read, scored, measured, held to limits and trimmed."""

from pathlib import Path
from typing import Any

import pytest
from traced_world import APP, NOW, PRICES, openai_like, request, trace_id, tracing

from keepwell.core.clock import ManualClock
from keepwell.core.errors import InvalidRequestError, NotFoundError, UsageError
from keepwell.monitoring.traces import WantedTraces
from keepwell.operations.traces.desk import in_order
from keepwell.operations.traces.scoring import JUDGE

COST = (600 * 0.15 + 400 * 0.075 + 200 * 0.6) / 1e6


def test_a_trace_is_kept_once_and_read_whole(tmp_path: Path) -> None:
    with tracing(tmp_path) as workspace:
        desk = workspace.traces
        for _ in range(2):
            assert desk.hand_in(request(0), caller="ada").accepted == 3
        page = desk.find(WantedTraces())
        assert page.total == 1
        (line,) = page.traces
        assert (line.trace, line.app, line.name) == (trace_id(0), APP, "respond")
        assert (line.input_tokens, line.output_tokens, line.spans, line.calls) == (1000, 200, 3, 1)
        assert line.cost == pytest.approx(COST)
        assert line.first_token_ms == pytest.approx(190, abs=0.01)
        assert (line.ms, line.user, line.session, line.error) == (800, "user-0", "session-0", "")
        assert (line.input, line.output, line.models) == (
            "question 0", "answer 0", "gpt-4o-mini-2024-07-18",
        )  # fmt: skip
        whole = desk.read(trace_id(0).upper())
        assert [span.name for span in whole.spans] == ["respond", "search", "answer"]
        assert list(whole.depths) == [0, 1, 1]
        assert whole.costs[0] is None
        assert whole.costs[2] == pytest.approx(COST)
        assert whole.spans[0].caller == "ada"
        with pytest.raises(NotFoundError, match="there is no trace 'nothing'"):
            desk.read("nothing")


def test_traces_are_found_by_field_text_score_and_time(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    with tracing(tmp_path, clock=clock) as workspace:
        desk = workspace.traces
        told = [span for at in range(6) for span in request(at, ms=500 + 100 * at)]
        told += request(6, error="timed out", input_tokens=None)
        desk.store.take(told)
        desk.score({"trace": trace_id(2), "name": "helpful", "value": 0.2}, by="ada")
        clock.advance(1.0)  # the second word is the later one
        desk.score({"trace": trace_id(2), "name": "helpful", "value": 0.9}, by="ada")
        desk.score({"trace": trace_id(3), "name": "helpful", "value": False}, by="bo")

        def found(*where: str, **wanted: object) -> list[int]:
            page = desk.find(WantedTraces(where=where, **wanted))  # type: ignore[arg-type]
            assert page.total == len(page.traces)
            return sorted(int(one.trace, 16) - 1 for one in page.traces)

        assert found("ms>850") == [4, 5]
        assert found("error!=") == found(failed=True) == [6]
        assert found("user=user-1") == [1, 4]
        assert found("model=gpt-4o-mini-2024-07-18", "score:helpful>=0.5") == [2]
        assert found("score:helpful<0.5") == [3]
        assert found(text="QUESTION 4") == [4]
        assert found(since=NOW - 596.5) == [4, 5, 6]
        assert found(until=NOW - 598.5) == [0, 1]
        assert found(app="another") == []
        assert found("user='; DROP TABLE spans --") == []
        page = desk.find(WantedTraces(limit=2, skip=1))
        assert page.total == 7
        assert [one.trace for one in page.traces] == [trace_id(5), trace_id(4)]
        assert page.traces[1].scores == {}
        for wrong in ("colour=red", "ms>soon", "nothing"):
            with pytest.raises(UsageError):
                desk.find(WantedTraces(where=(wrong,)))


def test_a_score_needs_a_trace_and_a_number(tmp_path: Path) -> None:
    with tracing(tmp_path) as workspace:
        desk = workspace.traces
        desk.store.take(request(0))
        with pytest.raises(NotFoundError, match="no trace 'x'"):
            desk.score({"trace": "x", "name": "helpful", "value": 1})
        for item in (
            {"name": "helpful", "value": "good"},
            {"value": 1},
            {"name": "x", "value": None},
        ):
            with pytest.raises(InvalidRequestError, match="cannot be kept"):
                desk.score({"trace": trace_id(0), **item})


def test_rules_functions_and_judges_score_each_new_trace_once(tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "scores.py").write_text(
        "def short(trace):\n"
        "    if trace['user'] == 'user-2':\n        return None\n"
        "    return len(trace['output']) < 9, f\"{len(trace['spans'])} steps\"\n"
    )

    def judge(body: dict[str, object]) -> str:
        return '{"score": 0.75, "why": "clear"}' if "answer 1" in str(body) else "no idea"

    with openai_like(judge) as (url, asked):
        text = PRICES + (
            "traces:\n  scores:\n"
            '    polite: {regex: "answer [0-9]"}\n'
            "    plain: {regex: sorry, absent: true}\n"
            "    form: {json: [age]}\n"
            "    brief: {length: 8}\n"
            '    short: {python: "scores.py:short"}\n'
            f'    helpful: {{judge: "Is it helpful? {{input}} {{output}}", url: "{url}",'
            " model: gpt-4o-mini, key: $JUDGE_KEY}\n"
        )
        clock = ManualClock(NOW)
        with tracing(tmp_path, text, clock) as workspace, pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUDGE_KEY", "secret")
            desk = workspace.traces
            desk.store.take([span for at in range(3) for span in request(at)])
            desk.look()
            desk.look()
            page = desk.find(WantedTraces(app=APP))
            scores = {int(one.trace, 16) - 1: one.scores for one in page.traces}
            assert scores[0] == {"polite": 1, "plain": 1, "form": 0, "brief": 1, "short": 1}
            assert scores[1] == {**scores[0], "helpful": 0.75}
            assert "short" not in scores[2]
            assert len(asked) == 3
            assert {one["authorization"] for one in asked} == {"Bearer secret"}
            assert "Is it helpful? question 0 answer 0" in str(asked)
            judged = desk.find(WantedTraces(app=JUDGE))
            assert judged.total == 3
            assert sum(one.cost for one in judged.traces) == pytest.approx(
                3 * (50 * 0.15 + 10 * 0.6) / 1e6
            )
            whole = desk.read(trace_id(1))
            said = {one.name: (one.source, one.comment) for one in whole.scores}
            assert said["helpful"] == ("judge", "clear")
            assert said["short"] == ("python", "3 steps")
            assert said["form"][0] == "rule"


def test_a_judge_that_is_away_is_asked_again(tmp_path: Path) -> None:
    text = (
        'traces: {scores: {good: {judge: "{output}", url: "http://127.0.0.1:9/v1", model: m},'
        ' some: {judge: "{output}", url: "http://127.0.0.1:9/v1", model: m, sample: 0}}}\n'
    )
    with tracing(tmp_path, text) as workspace:
        desk = workspace.traces
        desk.store.take(request(0))
        desk.look()
        assert desk.find(WantedTraces()).traces[0].scores == {}
        with openai_like(lambda _: "0.5") as (url, asked):
            from dataclasses import replace

            scoring = desk._scoring
            scoring._scorers = tuple(replace(one, url=url) for one in scoring._scorers)
            desk.look()
            assert len(asked) == 1  # the other one is never drawn
        assert desk.find(WantedTraces(app=APP)).traces[0].scores == {"good": 0.5}


def test_what_passes_its_limit_is_a_signal_and_every_number_a_series(tmp_path: Path) -> None:
    text = PRICES + (
        "traces:\n  limits: {latency_p95_ms: 900, error_rate: 0.5, 'score:helpful': 0.7}\n"
        "  objectives: [{latency_p90_ms: 850}, {availability: 90%}, {quality: {helpful: 0.5}, target: 90%}]\n"
    )
    with tracing(tmp_path, text) as workspace:
        desk = workspace.traces
        told = [span for at in range(9) for span in request(at, ms=1000 if at < 3 else 800)]
        desk.store.take([*told, *request(9, error="timed out")])
        for at in range(4):
            desk.score({"trace": trace_id(at), "name": "helpful", "value": at % 2})
        desk.look()
        signals = {one.column: one for one in desk.signals()}
        assert set(signals) == {
            "helpdesk latency_p95_ms",
            "helpdesk score:helpful",
        }
        assert signals["helpdesk score:helpful"].kind == "performance"
        assert "below 0.7" in signals["helpdesk score:helpful"].message
        lines = workspace.measurements.series(f"traces:{APP}")
        newest = {name: points[-1].value for name, points in lines.items()}
        assert newest["traces"] == 10
        assert newest["error_rate"] == pytest.approx(0.1)
        assert newest["cost"] == pytest.approx(10 * COST)
        assert newest["cost_per_thousand"] == pytest.approx(1000 * COST)
        assert newest["score:helpful"] == 0.5
        assert newest["requests"] == pytest.approx(10 / 3600)
        latency, available, helpful = desk.budgets(APP)
        assert (latency.good, latency.total) == (6, 9)
        assert (available.good, available.total) == (9, 10)
        assert (helpful.good, helpful.total) == (2, 4)
        by = {one.name: one for one in desk.uses(NOW - 3600, NOW, "model")}
        assert by["gpt-4o-mini-2024-07-18"].traces == 10
        assert by["gpt-4o-mini-2024-07-18"].cost == pytest.approx(10 * COST)
        users = desk.uses(NOW - 3600, NOW, "user")
        assert sorted(one.name for one in users) == ["user-0", "user-1", "user-2"]


def test_what_must_not_be_kept_is_not(tmp_path: Path) -> None:
    text = "traces: {redact: ['[0-9]{16}'], retention: 300s}\n"
    clock = ManualClock(NOW)
    with tracing(tmp_path, text, clock) as workspace:
        desk = workspace.traces
        secret: dict[str, Any] = {
            "output": "1234567812345678",
            "attributes": {"card": "1234567812345678"},
        }
        desk.hand_in(request(590, **secret))
        (waiting,) = workspace.outbox.glob("*.seg")
        assert b"1234567812345678" not in waiting.read_bytes()
        whole = desk.read(trace_id(590))
        assert whole.spans[2].output == "[redacted]"
        assert whole.spans[2].attributes == '{"card": "[redacted]"}'
        desk.store.take(request(0))
        desk.score({"trace": trace_id(0), "name": "x", "value": 1})
        assert desk.trim() == 3
        assert [one.trace for one in desk.find(WantedTraces()).traces] == [trace_id(590)]
        assert workspace.metadata.events(kind="traces")[0].verb == "trimmed"
        assert desk.trim() == 0
    with tracing(tmp_path, "traces: {content: false}\n", clock) as workspace:
        workspace.traces.store.take(request(591))
        whole = workspace.traces.read(trace_id(591))
        assert {(one.input, one.output, one.attributes) for one in whole.spans} == {("", "", "{}")}


def test_steps_whose_parents_are_missing_or_each_other_are_shown_all_the_same(
    tmp_path: Path,
) -> None:
    with tracing(tmp_path) as workspace:
        told = [
            {"app": "a", "trace": "t", "id": "1", "parent": "gone", "time": NOW - 5},
            {"app": "a", "trace": "t", "id": "2", "parent": "3", "time": NOW - 4},
            {"app": "a", "trace": "t", "id": "3", "parent": "2", "time": NOW - 3},
            {"app": "a", "trace": "t", "id": "4", "parent": "1", "time": NOW - 2},
        ]
        spans, _ = workspace.traces.store.check(told)
        ordered, depths = in_order(spans)
        assert [spans.index(one) for one in ordered] == [0, 3, 1, 2]
        assert depths == [0, 1, 0, 0]
