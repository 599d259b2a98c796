"""`kw.monitor.trace`: steps within steps, in threads and tasks, whatever happens in them."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from traced_world import PRICES, tracing

import keepwell as kw
from keepwell.core.clock import SystemClock
from keepwell.core.errors import InvalidRequestError, NotFoundError
from keepwell.monitoring.traces import WantedTraces
from keepwell.workspace import Workspace

REPLY = {
    "model": "gpt-4o-mini",
    "choices": [{"message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 2},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with tracing(tmp_path, PRICES, SystemClock()) as workspace:  # type: ignore[arg-type]
        kw.monitor.to(workspace.root)
        yield workspace
        kw.monitor.close()


def test_steps_arrive_as_a_tree_with_tokens_and_scores(workspace: Workspace) -> None:
    with kw.monitor.trace("helpdesk", input="hello", user="ada", session=7) as request:
        with kw.monitor.span("search", kind="retrieval", input="hello") as step:
            step.output = [{"page": 1}]
        with kw.monitor.span("answer", model="gpt-4o-mini", input=[{"role": "user"}]) as call:
            assert kw.monitor.present() is call
            call.first_token()
            assert call.answer(REPLY) is REPLY
        request.output = "hi"
        header = request.traceparent
    assert request.score("helpful", 0.75, "clear")
    with kw.monitor.trace("mailer", traceparent=header):
        pass
    assert kw.monitor.flush(20)
    assert kw.monitor.status()["refused"] == 0
    whole = workspace.traces.read(request.trace)
    assert [span.name for span in whole.spans] == ["helpdesk", "search", "answer", "mailer"]
    assert list(whole.depths) == [0, 1, 1, 1]
    answer = whole.spans[2]
    assert (answer.output, answer.input_tokens, answer.output_tokens) == ("hi", 10, 2)
    assert answer.first_token_ms is not None
    assert (answer.user, answer.session) == ("ada", "7")
    assert whole.costs[2] == pytest.approx((10 * 0.15 + 2 * 0.6) / 1e6)
    assert [(one.name, one.value, one.comment) for one in whole.scores] == [
        ("helpful", 0.75, "clear")
    ]


def test_functions_coroutines_and_errors_are_told(workspace: Workspace) -> None:
    @kw.monitor.span("double", kind="tool")
    def double(number: int) -> int:
        return number * 2

    @kw.monitor.trace("sums")
    async def later(first: int, second: int) -> int:
        await asyncio.sleep(0)
        return double(first) + double(second)

    @kw.monitor.trace("secrets", capture=False)
    def fails(password: str) -> None:
        raise ValueError("not today")

    async def both() -> tuple[int, int]:
        first, second = await asyncio.gather(later(1, 2), later(3, second=4))
        return first, second

    assert asyncio.run(both()) == (6, 14)
    with pytest.raises(ValueError, match="not today"):
        fails("hunter2")
    assert kw.monitor.present() is None
    assert kw.monitor.flush(20)
    page = workspace.traces.find(WantedTraces(app="sums"))
    assert sorted((one.spans, one.output) for one in page.traces) == [(3, "14"), (3, "6")]
    assert {one.input for one in page.traces} == {
        '{"first": 1, "second": 2}',
        '{"first": 3, "second": 4}',
    }
    (failed,) = workspace.traces.find(WantedTraces(failed=True)).traces
    assert (failed.error, failed.input) == ("ValueError: not today", "")


def test_another_thread_goes_on_within_a_step(workspace: Workspace) -> None:
    def work(step: kw.monitor.Step) -> None:
        with kw.monitor.within(step), kw.monitor.span("aside"):
            pass

    with kw.monitor.trace("threads") as request:
        thread = threading.Thread(target=work, args=(request,))
        thread.start()
        thread.join()
    assert kw.monitor.flush(20)
    whole = workspace.traces.read(request.trace)
    assert [span.name for span in whole.spans] == ["threads", "aside"]
    assert whole.spans[1].parent == request.id


def test_mistakes_are_told_at_once(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="part of nothing"), kw.monitor.span("lost"):
        pass
    with pytest.raises(InvalidRequestError, match="no kind of step"):
        kw.monitor.span("odd", kind="thing")
    with pytest.raises(InvalidRequestError, match="is no application"):
        kw.monitor.trace("")
    kw.monitor.close()
    empty = tmp_path.parent / "nowhere"
    empty.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(empty)
        with pytest.raises(NotFoundError, match=r"no keepwell\.yaml"), kw.monitor.trace("helpdesk"):
            pass
