"""Texts from texts: translated, or told in fewer words."""

from pathlib import Path
from typing import Any

from keepwell.core.errors import UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.services.pretrained.answers import Answer, Options
from keepwell.services.pretrained.kinds.generating import how
from keepwell.services.pretrained.kinds.loading import (
    inference,
    load_model,
    load_tokenizer,
    most_tokens,
)
from keepwell.training.neural.pretrained.folder import document

_LENGTH = 256  # tokens, unless said
_MARKS = 5  # language, task and the like, which stand in front


def room(at: Path, options: Options) -> int:
    """Return how many tokens may be written: no more than the model has places for, some of them taken."""
    config = document(at / "config.json")
    places = config.get("max_target_positions") or config.get("max_position_embeddings") or 1 << 20
    return max(1, min(options.length or _LENGTH, int(places) - _MARKS))


class _Writer:
    """A model that reads one text and writes another."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self.tokenizer = load_tokenizer(at)
        self.model, self.device = load_model("AutoModelForSeq2SeqLM", at)
        self.most = most_tokens(at, self.tokenizer)

    def written(self, asked: str, options: Options, **more: Any) -> tuple[str, dict[str, Any]]:
        """Return the other text, and what is to be said about it."""
        read = self.tokenizer(asked, return_tensors="pt", truncation=True, max_length=self.most)
        known = {name: read[name].to(self.device) for name in ("input_ids", "attention_mask")}
        with inference():
            written = self.model.generate(
                **known, **how(self.tokenizer, options, room(self.at, options)), **more
            )[0]
        output = self.tokenizer.decode(written, skip_special_tokens=True)
        return output, {"tokens": len(written)}

    def prefix(self, task: str) -> str:
        """Return the words that tell the model what to do; empty if its configuration has none."""
        config = document(self.at / "config.json")
        known = config.get("task_specific_params") or {}
        return str((known.get(task) or {}).get("prefix") or "")


class Summarizer(_Writer):
    """A model that says the same in fewer words."""

    def answer(self, asked: str, options: Options) -> Answer:
        """Return the summary."""
        output, details = self.written(self.prefix("summarization") + asked, options)
        return Answer(asked=asked, output=output, details=details)


class Translator(_Writer):
    """A model that says the same in another language.

    Languages are said in one of three ways: by words in front (T5), by a sign of the source and a first
    token of the answer (NLLB, mBART, M2M100), or by a token in front (Marian for many languages). A model
    for one pair of languages takes none.
    """

    def answer(self, asked: str, options: Options) -> Answer:
        """Return the translation."""
        said = {"from": options.source, "to": options.target}
        words, more = self._told(options.source, options.target)
        output, details = self.written(words + asked, options, **more)
        return Answer(
            asked=asked,
            output=output,
            details=details | {name: value for name, value in said.items() if value},
        )

    def _told(self, source: str, target: str) -> tuple[str, dict[str, Any]]:
        if not source and not target:
            return "", {}
        known = self.tokenizer.get_vocab()
        if prefix := self.prefix(f"translation_{source}_to_{target}"):
            return prefix, {}
        if target and f">>{target}<<" in known:
            return f">>{target}<< ", {}
        if hasattr(self.tokenizer, "src_lang"):
            self.tokenizer.src_lang = self._language(source, known)
            code = self._language(target, known)
            return "", {"forced_bos_token_id": known.get(code, known.get(f"__{code}__"))}
        raise self._strange(source, target)

    def _language(self, named: str, known: dict[str, int]) -> str:
        """Return a language as the tokenizer names it."""
        if named and (named in known or f"__{named}__" in known):
            return named
        codes = sorted(code for code in known if _is_language(code))
        raise UsageError(
            f"{self.at} has no language '{named}'" if named else "from which language into which?",
            why=f"it has {len(codes)}: {', '.join(codes[:8])} …" if codes else "it names none",
            now=did_you_mean(named, codes) or "--from CODE --to CODE, as the model names them",
        )

    def _strange(self, source: str, target: str) -> UsageError:
        pairs = [
            name.removeprefix("translation_").replace("_to_", " to ")
            for name in document(self.at / "config.json").get("task_specific_params") or {}
            if name.startswith("translation_")
        ]
        return UsageError(
            f"{self.at} does not translate from '{source}' to '{target}'",
            why=f"its configuration names {', '.join(pairs)}"
            if pairs
            else "it was made for one pair of languages, and takes none",
            now="--from and --to one of these" if pairs else "leave out --from and --to",
        )


def _is_language(token: str) -> bool:
    """Tell whether a token names a language: `deu_Latn`, `de_DE`, `__de__`."""
    inner = token.strip("_")
    return (token != inner and inner.isalpha()) or (
        token.count("_") == 1 and len(token) in (5, 8) and token.replace("_", "").isalpha()
    )
