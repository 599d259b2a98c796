"""What a pretrained model is asked with, what it says, and what vouches for it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may be said beside the question; each use takes some of them, see `USES`.

    Attributes:
        context: The text in which the answer to a question is looked for.
        source: The language of what is asked, as the model names it.
        target: The language to translate into.
        length: Most tokens of what is written; 0: 64 of text that goes on, 256 of another text, and never
            more than the model can.
        temperature: How freely is written; 0 takes the likeliest word each time.
        seed: Of the draws, where the temperature is above 0.
        top: How many classes, or answers, are told.
    """

    context: str = ""
    source: str = ""
    target: str = ""
    length: int = 0
    temperature: float = 0.0
    seed: int = 0
    top: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model says.

    Attributes:
        asked: The text, or the path of the picture or the sound.
        output: What it says, in words.
        score: How sure it is, from 0 to 1; None where it does not say.
        details: More about it, ready for JSON: other classes, where the answer stands.
    """

    asked: str
    output: str
    score: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which model said it, and with what.

    Attributes:
        model: Its folder.
        architecture: What its configuration calls it.
        licence: As its card says; empty if it does not.
        sha256: Of configuration and weights.
        size: Bytes of its weights.
        libraries: Versions of what ran it.
        device: Where it ran: `cpu` or `cuda`.
    """

    model: str
    architecture: str
    licence: str
    sha256: str
    size: int
    libraries: dict[str, str]
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All answers, with what vouches for them.

    Attributes:
        task: What the model was used for.
        answers: In the order of what was asked.
        provenance: Which model it was.
        loading: Seconds until the model was there.
        answering: Seconds of all answers.
    """

    task: str
    answers: tuple[Answer, ...]
    provenance: Provenance
    loading: float
    answering: float
