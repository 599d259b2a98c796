"""What pretrained models are good for, told from the name of their architecture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from keepwell.core.errors import UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.services.pretrained.answers import Answer, Options
from keepwell.training.neural.pretrained.catalog import Pretrained

if TYPE_CHECKING:
    from pathlib import Path


class Model(Protocol):
    """A loaded model that answers.

    Its law: the same question and options get the same answer; nothing is sent, nothing is written.
    """

    device: str

    def __init__(self, at: "Path") -> None:
        """Load it from its folder."""

    def answer(self, asked: str, options: Options) -> Answer:
        """Answer one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing that a pretrained model may be asked for.

    Attributes:
        does: What comes back.
        subject: What is asked with: `text`, `picture` or `sound`.
        ends: How the names of architectures end that can do it.
        takes: Names of the options that mean something to it.
        at: Module and class, loaded when it is used.
        extra: What is needed beside `nlp`.
    """

    does: str
    subject: str
    ends: tuple[str, ...]
    takes: tuple[str, ...]
    at: str
    extra: str = ""


_HERE = "keepwell.services.pretrained.kinds"
_WRITERS = ("ForConditionalGeneration", "MarianMTModel", "ForSeq2SeqLM")
_HEARERS = (
    "ForCTC",
    "WhisperForConditionalGeneration",
    "Speech2TextForConditionalGeneration",
    "MoonshineForConditionalGeneration",
    "ForSpeechSeq2Seq",
)
USES: dict[str, Use] = {
    "sentiment": Use(
        does="the class of a text: its sentiment, its subject, whatever the model was trained for",
        subject="text",
        ends=("ForSequenceClassification",),
        takes=("top",),
        at=f"{_HERE}.classifying:TextClasses",
    ),
    "qa": Use(
        does="the words of a text that answer a question",
        subject="text",
        ends=("ForQuestionAnswering",),
        takes=("context", "top"),
        at=f"{_HERE}.questions:Questions",
    ),
    "generate": Use(
        does="how a text goes on, or what a chat model replies",
        subject="text",
        ends=("ForCausalLM", "LMHeadModel"),
        takes=("length", "temperature", "seed"),
        at=f"{_HERE}.generating:Generator",
    ),
    "translate": Use(
        does="a text in another language",
        subject="text",
        ends=_WRITERS,
        takes=("source", "target", "length"),
        at=f"{_HERE}.rewriting:Translator",
    ),
    "summarize": Use(
        does="a text in fewer words",
        subject="text",
        ends=_WRITERS,
        takes=("length",),
        at=f"{_HERE}.rewriting:Summarizer",
    ),
    "classify-image": Use(
        does="what a picture shows",
        subject="picture",
        ends=("ForImageClassification",),
        takes=("top",),
        at=f"{_HERE}.classifying:PictureClasses",
        extra="images",
    ),
    "transcribe": Use(
        does="what is said in a recording (WAV)",
        subject="sound",
        ends=_HEARERS,
        takes=("source", "length"),
        at=f"{_HERE}.transcribing:Transcriber",
    ),
}


def uses_of(architecture: str) -> list[str]:
    """Return what a model of this architecture can be asked for.

    >>> uses_of("BertForQuestionAnswering"), uses_of("WhisperForConditionalGeneration"), uses_of("BertModel")
    (['qa'], ['transcribe'], [])
    """
    if architecture.endswith(_HEARERS):
        return ["transcribe"]
    return [name for name, use in USES.items() if architecture.endswith(use.ends)]


def use_for(model: Pretrained, task: str) -> str:
    """Return the use that is meant: the one that was named, or the only one that the model has.

    Raises:
        UsageError: If there is no such use, the model is not made for it, or nothing tells which.
    """
    if task and task not in USES:
        raise UsageError(
            f"there is no task '{task}'",
            why=f"pretrained models are asked for: {', '.join(USES)}",
            now=did_you_mean(task, USES) or "keepwell ask --help",
        )
    can = uses_of(model.architecture)
    if task in can:
        return task
    known = model.architecture or "weights alone, and nothing says of what"
    if not can:
        raise UsageError(
            f"{model.path} cannot be asked" + (f" to {task}" if task in _VERBS else ""),
            why=f"it is {known}"
            + (
                f": `{task}` takes a …{USES[task].ends[0]}"
                if task
                else ", which answers nothing yet"
            ),
            now="it may be where training starts: "
            f"`{model.key or 'text'}: {{model: {model.path}}}` under `train:`; or ask another model: "
            "keepwell pretrained FOLDER",
        )
    if task:
        raise UsageError(
            f"{model.path} is not made for '{task}'",
            why=f"it is {known}, which does: {', '.join(can)}; `{task}` takes a …{USES[task].ends[0]}",
            now=f"keepwell ask {model.path} --task {can[0]} …",
        )
    if len(can) > 1 and model.architecture != "MarianMTModel":
        raise UsageError(
            f"what is {model.path} to do?",
            why=f"{known} does: {', '.join(can)}",
            now=f"keepwell ask {model.path} --task {can[0]} …",
        )
    return can[0]


_VERBS = ("generate", "translate", "summarize", "transcribe")


def check_options(task: str, said: dict[str, object]) -> None:
    """Refuse an option that means nothing to a task.

    Args:
        task: A name of `USES`.
        said: Options that were given, by name.

    Raises:
        UsageError: If one does not go with the task, or one that it needs is missing.
    """
    use = USES[task]
    strange = [name for name in said if name not in use.takes]
    if strange:
        raise UsageError(
            f"'{task}' takes no {_WORDS.get(strange[0], strange[0])}",
            why=f"it takes: {', '.join(_WORDS.get(name, name) for name in use.takes)}",
            now="leave it out",
        )
    if task == "qa" and not said.get("context"):
        raise UsageError(
            "where is the answer to be found?",
            why="the model picks words of a text; it knows nothing by itself",
            now='keepwell ask MODEL "Who wrote it?" --context "It was written by Ada."   (or @FILE)',
        )


_WORDS = {"source": "--from", "target": "--to"} | {
    name: f"--{name}" for name in ("context", "length", "temperature", "seed", "top")
}
