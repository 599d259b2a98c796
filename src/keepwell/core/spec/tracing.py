"""`traces:` and `costs.models:` — language models as the project file speaks of them, in frozen values."""

from dataclasses import dataclass, field

from keepwell.core.spec.objectives import ObjectiveSpec

SCORERS = ("regex", "json", "length", "python", "judge")
"""How an answer may be scored without anybody looking at it."""

LIMITS = (
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "first_token_p95_ms",
    "error_rate",
    "requests",
    "cost",
    "cost_per_thousand",
    "input_tokens",
    "output_tokens",
)
"""What may have a limit, besides `score:NAME`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """An entry of `costs.models:` — what a million tokens of a model cost, in the project's currency.

    Attributes:
        model: Its name; one whose name goes on after it (`gpt-4o-2024-08-06`) has the same price.
        input: Tokens of the prompt.
        output: Tokens of the answer.
        cached: Tokens of the prompt that the provider had kept; None: as any other.
    """

    model: str
    input: float = 0.0
    output: float = 0.0
    cached: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSpec:
    """An entry of `traces.scores:` — a score that every new trace is given.

    Attributes:
        name: What it is called.
        kind: One of `SCORERS`.
        pattern: Of `regex`: what the answer must hold.
        absent: Of `regex`: what it must hold is that nothing fits.
        keys: Of `json`: what its object must hold.
        length: Of `length`: the most characters of the answer.
        python: Of `python`: `FILE.py:FUNCTION`.
        prompt: Of `judge`: what is asked, with `{input}` and `{output}`.
        url: Of `judge`: an endpoint that speaks as OpenAI's does, up to `/v1`.
        model: Of `judge`: who is asked.
        key: Of `judge`: its API key, `$NAME` for a variable of the environment.
        sample: The share of traces that is scored.
        app: Only of this application; of all unless said.
    """

    name: str
    kind: str
    pattern: str = ""
    absent: bool = False
    keys: tuple[str, ...] = ()
    length: int = 0
    python: str = ""
    prompt: str = ""
    url: str = ""
    model: str = ""
    key: str = ""
    sample: float = 1.0
    app: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSpec:
    """An entry of `traces.limits:` — what a measured number must not pass.

    Scores, and `requests`, must not fall below it; everything else must not rise above it.
    """

    name: str
    value: float

    @property
    def floor(self) -> bool:
        """Whether less is worse."""
        return self.name == "requests" or self.name.startswith("score:")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesSpec:
    """`traces:` — what is kept of calls of language models, how they are scored, what is promised."""

    content: bool = True  # keep prompts and answers; else only who, when, how long and how much
    redact: tuple[str, ...] = ()  # regular expressions; what fits is never kept
    retention: float | None = None  # seconds; None: for ever
    window: float = 3600.0  # seconds that a measured number rests on
    scores: tuple[ScorerSpec, ...] = ()
    limits: tuple[LimitSpec, ...] = ()
    objectives: tuple[ObjectiveSpec, ...] = field(default_factory=tuple)


AS_TOLD = TracesSpec()
"""What holds where the project file says nothing: everything is kept, nothing is judged."""
