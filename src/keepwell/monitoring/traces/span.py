"""What is kept of one step of a trace, and of one score."""

from dataclasses import dataclass

KINDS = ("llm", "embedding", "retrieval", "tool", "agent", "chain", "server", "span")
"""What a step may be. Tokens and cost are counted of `llm` and `embedding` only: others may repeat them."""

SOURCES = ("human", "rule", "python", "judge", "api")
"""Who may have given a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One step: a call of a model, a tool, a search, or what holds such steps together.

    Attributes:
        trace: 32 hexadecimal digits that all steps of one request share.
        id: 16 hexadecimal digits of its own.
        parent: The step that it is part of; empty for the first.
        app: The application.
        name: What it is called.
        kind: One of `KINDS`.
        time: When it began, Unix seconds.
        ms: How long it took.
        first_token_ms: How long until the first token came; None where nobody noted it.
        model: The model that was asked.
        provider: Who runs it.
        input: The prompt, or what the step was given: text, or JSON.
        output: What came out.
        input_tokens: Tokens of the prompt, cached ones included.
        output_tokens: Tokens of the answer.
        cached_tokens: Tokens of the prompt that the provider had kept.
        cost: What it cost as the sender says; None: by the table of prices.
        error: What went wrong; empty if nothing did.
        user: Whom it was for.
        session: The conversation.
        attributes: What else was told, a JSON object.
        caller: Who told it.
    """

    trace: str
    id: str
    app: str
    time: float
    parent: str = ""
    name: str = ""
    kind: str = "span"
    ms: float = 0.0
    first_token_ms: float | None = None
    model: str = ""
    provider: str = ""
    input: str = ""
    output: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None
    error: str = ""
    user: str = ""
    session: str = ""
    attributes: str = "{}"
    caller: str = ""

    @property
    def end(self) -> float:
        """When it was over."""
        return self.time + self.ms / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What somebody, or something, thinks of a trace.

    Attributes:
        id: A ULID.
        trace: The trace.
        span: The step that is meant; empty for all of it.
        app: The application.
        name: What is judged.
        value: How good it is; rules and judges say 0 to 1.
        source: One of `SOURCES`.
        by: Who; a later score of the same name by the same one takes the place of the earlier.
        comment: Why.
        time: When it was given.
        traced: When the trace began.
    """

    id: str
    trace: str
    app: str
    name: str
    value: float
    source: str
    time: float
    traced: float
    span: str = ""
    by: str = ""
    comment: str = ""
