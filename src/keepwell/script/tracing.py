"""`kw.monitor.trace`: what an application asks of language models, told step by step.

    with kw.monitor.trace("helpdesk", input=question, user="ada") as request:
        with kw.monitor.span("search", kind="retrieval", input=question) as step:
            step.output = documents = search(question)
        with kw.monitor.span("answer", model="gpt-4o-mini", input=messages) as call:
            reply = client.chat.completions.create(model="gpt-4o-mini", messages=messages)
            call.answer(reply)                      # its text and its tokens
        request.output = reply.choices[0].message.content

    @kw.monitor.trace("helpdesk")                   # or around a function: arguments in, result out
    def respond(question): ...

A step is told when it ends, however it ends; an exception is its error, and goes on. Telling never fails a
step: what cannot be kept is a warning in the log.
"""

import functools
import inspect
import time as clock
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from keepwell.core.errors import InvalidRequestError

_present: ContextVar["Step | None"] = ContextVar("keepwell_step", default=None)
_PARTS = 4  # of a traceparent
Function = TypeVar("Function", bound=Callable[..., Any])


class Step:
    """One step of a trace, while it lasts. Its attributes may be set until it ends.

    Attributes:
        app: The application.
        name: What the step is called.
        kind: `llm`, `embedding`, `retrieval`, `tool`, `agent`, `chain` or `span`.
        trace: The trace's id.
        id: Its own.
        parent: The step that it is part of; empty for the first.
        model: The model that is asked.
        input: The prompt, or what the step is given: text, or anything that JSON has words for.
        output: What came out.
        error: What went wrong.
        attributes: What else there is to say.
    """

    def __init__(self, app: str, name: str, kind: str, told: Mapping[str, Any]) -> None:
        self.app = app
        self.name = name
        self.kind = kind
        self.trace = self.id = self.parent = ""
        self.model = str(told.get("model") or "")
        self.provider = str(told.get("provider") or "")
        self.input: Any = told.get("input")
        self.output: Any = None
        self.error = ""
        self.user = str(told.get("user") or "")
        self.session = str(told.get("session") or "")
        self.cost: float | None = None
        self.attributes: dict[str, Any] = dict(told.get("attributes") or {})
        self._tokens: dict[str, int] = {}
        self._first_token_ms: float | None = None
        self._begun = self._started = 0.0

    @property
    def traceparent(self) -> str:
        """The header that makes the next service a part of this step."""
        return f"00-{self.trace}-{self.id}-01"

    def first_token(self) -> None:
        """Note that the first piece of a streamed answer came; later calls change nothing."""
        if self._first_token_ms is None:
            self._first_token_ms = (clock.perf_counter() - self._started) * 1000

    def tokens(
        self, *, input: int | None = None, output: int | None = None, cached: int | None = None
    ) -> None:
        """Say how many tokens went in and came out; of those that went in, `cached` were kept from before."""
        counted = {"input_tokens": input, "output_tokens": output, "cached_tokens": cached}
        self._tokens |= {name: int(count) for name, count in counted.items() if count is not None}

    def answer(self, response: Any) -> Any:
        """Take text, tokens and model from an answer as OpenAI's API gives it, and return that answer.

        Args:
            response: A mapping, or an object of OpenAI's library (`model_dump`).
        """
        from keepwell.monitoring.elsewhere.posted import Unusable
        from keepwell.monitoring.traces.forms.openai import item_of

        dump = getattr(response, "model_dump", None)
        plain = dump() if callable(dump) else response
        try:
            item = item_of({"request": {"model": self.model}, "response": plain})
        except Unusable:
            self.output = plain
            return response
        self.model = self.model or item["model"] or ""
        self.output = item["output"]
        self.attributes = item["attributes"] | self.attributes
        self.tokens(
            input=item.get("input_tokens"),
            output=item.get("output_tokens"),
            cached=item.get("cached_tokens"),
        )
        return response

    def score(self, name: str, value: float, comment: str = "") -> bool:
        """Say how good the trace is, now or later; tell whether that could be kept."""
        return score(self.trace, name, value, comment)

    def item(self, ms: float) -> dict[str, Any]:
        """Return the step as it is posted."""
        from keepwell.script.monitor import plain

        told = {
            "app": self.app, "trace": self.trace, "id": self.id, "parent": self.parent,
            "name": self.name, "kind": self.kind, "time": self._begun, "ms": ms,
            "first_token_ms": self._first_token_ms, "model": self.model, "provider": self.provider,
            "input": plain(self.input), "output": plain(self.output), "error": self.error,
            "user": self.user, "session": self.session, "cost": self.cost,
            "attributes": plain(self.attributes), **self._tokens,
        }  # fmt: skip
        return {name: value for name, value in told.items() if value not in (None, "", {})}

    def begin(self) -> None:
        """Start counting."""
        self._begun, self._started = clock.time(), clock.perf_counter()

    def end(self) -> None:
        """Tell the step."""
        from keepwell.script.monitor import put

        put("span", self.item((clock.perf_counter() - self._started) * 1000))


class Tracing:
    """A step to be: a context manager, or a decorator of functions and coroutines."""

    def __init__(self, make: Callable[[], Step], *, capture: bool = True) -> None:
        self._make = make
        self._capture = capture
        self._open: list[tuple[Step, Token[Step | None]]] = []

    def __enter__(self) -> Step:
        step = self._make()
        self._open.append((step, _present.set(step)))
        step.begin()
        return step

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        step, before = self._open.pop()
        _present.reset(before)
        if error is not None and not step.error:
            step.error = f"{type(error).__name__}: {error}"
        step.end()

    def __call__(self, function: Function) -> Function:
        """Return the function, told as a step each time that it is called."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def later(*args: Any, **kwargs: Any) -> Any:
                with self._again() as step:
                    self._given(step, function, args, kwargs)
                    return self._got(step, await function(*args, **kwargs))

            return cast("Function", later)

        @functools.wraps(function)
        def now(*args: Any, **kwargs: Any) -> Any:
            with self._again() as step:
                self._given(step, function, args, kwargs)
                return self._got(step, function(*args, **kwargs))

        return cast("Function", now)

    def _again(self) -> Self:
        """Return a fresh one: calls of one function may overlap."""
        return type(self)(self._make, capture=self._capture)

    def _given(
        self, step: Step, function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]
    ) -> None:
        if not self._capture or step.input is not None:
            return
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
        given = {name: value for name, value in bound.items() if name not in ("self", "cls")}
        step.input = next(iter(given.values())) if len(given) == 1 else given

    def _got(self, step: Step, result: Any) -> Any:
        if self._capture and step.output is None:
            step.output = result
        return result


def trace(  # noqa: PLR0913 (what there is to say of a request, by name)
    app: str,
    *,
    name: str = "",
    input: Any = None,
    user: str | int | None = None,
    session: str | int | None = None,
    traceparent: str = "",
    attributes: Mapping[str, Any] | None = None,
    capture: bool = True,
) -> Tracing:
    """Return a context manager, or decorator, that tells one request of an application.

    Args:
        app: The application: limits, charts and costs go by it.
        name: What the request is called; the application unless said.
        input: What was asked.
        user: Who asked.
        session: In which conversation.
        traceparent: The header of whoever called, to be part of its trace.
        attributes: What else there is to say.
        capture: Of a decorated function: tell its arguments and its result.

    Raises:
        NotFoundError: When it begins, if there is no project here, and no address was said.
    """
    named: Any = app  # `@kw.monitor.trace` without parentheses brings a function
    if not isinstance(named, str) or not named.strip():
        raise InvalidRequestError(
            f"'{app!r:.60}' is no application",
            why="charts, limits and costs go by its name",
            now='with kw.monitor.trace("helpdesk"): …',
        )
    told = {"input": input, "user": user, "session": session, "attributes": attributes}

    def make() -> Step:
        from keepwell.monitoring.traces.posted import new_span, new_trace
        from keepwell.script.monitor import connect

        connect()
        step = Step(app, name or app, "chain", told)
        above = _present.get()
        step.trace, step.parent = (above.trace, above.id) if above else _continued(traceparent)
        step.trace, step.id = step.trace or new_trace(), new_span()
        return step

    return Tracing(make, capture=capture)


def span(
    name: str,
    *,
    kind: str = "",
    model: str = "",
    provider: str = "",
    input: Any = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool = True,
) -> Tracing:
    """Return a context manager, or decorator, that tells one step of the request that is under way.

    Args:
        name: What the step is called.
        kind: `llm` (where a model is named), `embedding`, `retrieval`, `tool`, `agent`, `chain` or `span`.
        model: The model that is asked.
        provider: Who runs it.
        input: The prompt, or what the step is given.
        attributes: What else there is to say.
        capture: Of a decorated function: tell its arguments and its result.

    Raises:
        InvalidRequestError: When it begins, if no request is under way; or if there is no such kind.
    """
    from keepwell.monitoring.traces.span import KINDS

    kind = kind or ("llm" if model else "span")
    if kind not in KINDS:
        raise InvalidRequestError(
            f"'{kind}' is no kind of step", why=f"known are {', '.join(KINDS)}", now='kind="tool"'
        )
    told = {"model": model, "provider": provider, "input": input, "attributes": attributes}

    def make() -> Step:
        from keepwell.monitoring.traces.posted import new_span

        above = _present.get()
        if above is None:
            raise InvalidRequestError(
                f"the step '{name}' is part of nothing",
                why="no request is under way in this thread or task",
                now='put `with kw.monitor.trace("NAME"):` around it',
            )
        step = Step(above.app, name, kind, {**told, "user": above.user, "session": above.session})
        step.trace, step.id, step.parent = above.trace, new_span(), above.id
        return step

    return Tracing(make, capture=capture)


def present() -> Step | None:
    """Return the step that is under way in this thread or task; None if there is none."""
    return _present.get()


def score(trace: str, name: str, value: float, comment: str = "") -> bool:
    """Say how good a trace is, today or in a month; tell whether that could be kept.

    Args:
        trace: Its id.
        name: What is judged: `helpful`.
        value: A number, or True and False.
        comment: Why.
    """
    from keepwell.script.monitor import put

    item = {"trace": trace, "name": name, "value": float(value), "comment": comment}
    return put("score", {field: one for field, one in item.items() if one != ""})


@contextmanager
def within(step: Step) -> Iterator[Step]:
    """Make a step the present one elsewhere: in a thread that was started before it began."""
    before = _present.set(step)
    try:
        yield step
    finally:
        _present.reset(before)


def _continued(traceparent: str) -> tuple[str, str]:
    """Return the trace and the step that a header names; empty where it names none."""
    parts = traceparent.strip().split("-")
    if len(parts) < _PARTS or (len(parts[1]), len(parts[2])) != (32, 16):
        return "", ""
    return parts[1].lower(), parts[2].lower()
