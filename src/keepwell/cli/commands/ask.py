"""`keepwell ask`: one question to a pretrained model on this disk."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.options import AsJson, command_app, examples
from keepwell.cli.output import Output
from keepwell.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from keepwell.services.pretrained.answers import Answer, Asked

app = command_app()


@app.command(
    epilog=examples(
        'keepwell ask models/sentiment "what a film" "two hours wasted"',
        'keepwell ask models/squad "Who wrote it?" --context @letter.txt',
        'keepwell ask nllb "Good morning" --task translate --from eng_Latn --to deu_Latn',
        "keepwell ask models/vit photo.jpg --json",
        "keepwell ask models/whisper call.wav",
    )
)
def ask(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Its folder, or the name of one below --models.")
    ],
    questions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WHAT]...",
            help="Texts, or files of pictures or recordings (WAV); - reads a text from each line of "
            "standard input.",
        ),
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            "--task",
            "-t",
            help="sentiment, qa, generate, translate, summarize, classify-image or transcribe; by default "
            "what the model is made for.",
            show_default=False,
        ),
    ] = "",
    context: Annotated[
        str | None, typer.Option("--context", help="For qa: the text to look in, or @FILE.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", help="For translate, transcribe: the language, as the model names it."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", help="For translate: the language to translate into.")
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            min=1,
            help="Most tokens to write; by default 64 of text that goes on, 256 else.",
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature", min=0.0, help="For generate: 0, the likeliest each time, unless said."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the draws of generate.")] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Classes or answers to tell; 3 unless said.")
    ] = None,
    models: Annotated[
        Path, typer.Option("--models", help="Where models lie that are named.")
    ] = Path("models"),
    as_json: AsJson = False,
) -> None:
    """Ask a pretrained model: sentiment, answers, texts, translations, pictures, speech.

    The model is a folder that transformers has saved. Nothing is downloaded, nothing is sent, and no code of
    the model's own is run. With the answer comes what vouches for it: folder, SHA-256, licence, versions.
    """
    from keepwell.services.pretrained import ask as asking

    out = Output(as_json=as_json)
    given = {
        "context": _text(context), "source": source, "target": target, "length": length,
        "temperature": temperature, "seed": seed, "top": top,
    }  # fmt: skip
    said = {name: value for name, value in given.items() if value is not None}
    asked = asking(model, _questions(questions or []), task=task, models=models, **said)
    out.answer(_document(asked), lambda: _tell(out, asked))


def _questions(words: list[str]) -> list[str]:
    if words == ["-"]:
        words = [line.strip() for line in sys.stdin if line.strip()]
    if not words:
        raise UsageError(
            "what is the model to be asked?",
            why="no text and no file was given",
            now='keepwell ask MODEL "a text"   (or a file; or - for the lines of standard input)',
        )
    return words


def _text(said: str | None) -> str | None:
    if said is None or not said.startswith("@"):
        return said
    path = Path(said[1:]).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(
            f"{path} cannot be read", why=str(error)[:200], now="--context @FILE names a text file"
        ) from error


def _document(asked: "Asked") -> dict[str, Any]:
    return {
        "task": asked.task,
        "answers": [asdict(one) for one in asked.answers],
        "provenance": asdict(asked.provenance),
        "seconds": {"loading": asked.loading, "answering": asked.answering},
    }


def _tell(out: Output, asked: "Asked") -> None:
    for one in asked.answers:
        sure = "" if one.score is None else f"   ({one.score:.1%})"
        if len(asked.answers) > 1:
            out.say(one.asked, style="dim")
        out.say(f"{one.output}{sure}", style="bold")
        for line in _more(one):
            out.say(f"  {line}")
    out.say()
    which = asked.provenance
    out.facts(
        {
            "task": asked.task,
            "model": f"{which.model} ({which.architecture}, {which.size / 1e6:,.1f} MB)",
            "sha256": which.sha256,
            "licence": which.licence or "not said",
            "by": ", ".join(f"{name} {number}" for name, number in which.libraries.items())
            + f" on {which.device}",
            "seconds": f"{asked.loading:.2f} to load, {asked.answering:.2f} to answer",
        }
    )


def _more(one: "Answer") -> list[str]:
    """Return what else a model held possible."""
    others = [*list(one.details.get("classes", {}).items())[1:]]
    others += [
        (f"“{item['answer']}”", item["score"]) for item in one.details.get("answers", [])[1:]
    ]
    if one.details.get("unanswered", 0.0) > (one.score or 0.0):
        others.append(("the text does not say", one.details["unanswered"]))
    return [f"{name} ({score:.1%})" for name, score in others]
