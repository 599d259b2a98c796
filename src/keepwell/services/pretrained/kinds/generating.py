"""Texts that go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keepwell.services.pretrained.answers import Answer, Options
from keepwell.services.pretrained.kinds.loading import (
    inference,
    load_model,
    load_tokenizer,
    most_tokens,
)

_LENGTH = 64  # tokens, unless said


class Generator:
    """A model that writes on. Where it is made for conversation, what is asked is a turn of one."""

    def __init__(self, at: Path) -> None:
        self._tokenizer = load_tokenizer(at)
        self._model, self.device = load_model("AutoModelForCausalLM", at)
        self._most = most_tokens(at, self._tokenizer)

    def answer(self, asked: str, options: Options) -> Answer:
        """Return what is written, without what was asked; the oldest of a long text is left out."""
        numbers = self._numbers(asked)
        length = min(options.length or _LENGTH, max(self._most - 1, 1))
        room = max(self._most - length, 1)
        known = {name: values[:, -room:].to(self.device) for name, values in numbers.items()}
        with inference(), seeded(options.seed):
            written = self._model.generate(**known, **how(self._tokenizer, options, length))
        fresh = written[0, known["input_ids"].shape[1] :]
        output = self._tokenizer.decode(fresh, skip_special_tokens=True)
        return Answer(asked=asked, output=output, details={"tokens": len(fresh)})

    def _numbers(self, asked: str) -> dict[str, Any]:
        if getattr(self._tokenizer, "chat_template", None):
            turn = [{"role": "user", "content": asked}]
            read = self._tokenizer.apply_chat_template(
                turn, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
        else:
            read = self._tokenizer(asked, return_tensors="pt")
        return {name: read[name] for name in ("input_ids", "attention_mask")}


def how(tokenizer: Any, options: Options, length: int) -> dict[str, Any]:
    """Return how a model is told to write."""
    free = options.temperature > 0
    fills = tokenizer.pad_token_id
    return {
        "max_new_tokens": length,
        "do_sample": free,
        "num_beams": 1,
        "temperature": options.temperature if free else None,
        "top_p": None,
        "top_k": None,
        "pad_token_id": tokenizer.eos_token_id or 0 if fills is None else fills,
    }


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a seed, and leave the draws of others as they were."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
