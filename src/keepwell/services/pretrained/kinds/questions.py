"""Words of a text that answer a question about it."""

from pathlib import Path
from typing import Any

from keepwell.services.pretrained.answers import Answer, Options
from keepwell.services.pretrained.kinds.loading import (
    inference,
    load_model,
    load_tokenizer,
    most_tokens,
)

_LONGEST = 30  # tokens of an answer
_SHARED = 0.25  # of a window is in the next one, too: an answer may lie on the border
_CONTEXT = 1  # what tokens of the text are numbered with; the question's have 0


class Questions:
    """A model that picks an answer out of a text. Long texts are read in windows that overlap."""

    def __init__(self, at: Path) -> None:
        self._tokenizer = load_tokenizer(at)
        self._model, self.device = load_model("AutoModelForQuestionAnswering", at)
        self._most = min(most_tokens(at, self._tokenizer), 512)

    def answer(self, asked: str, options: Options) -> Answer:
        """Return the likeliest words, with the place where they stand."""
        found: list[tuple[float, int, int]] = []
        silent = total = 0.0
        read = self._read(asked, options.context)
        starts, ends = self._scores(read)
        # One scale for all windows: a word that is likely in a window of nothing is not likely.
        starts, ends = starts - starts.max(), ends - ends.max()
        for window in range(len(starts)):
            kinds, places = read.sequence_ids(window), read["offset_mapping"][window]
            first, last = starts[window].exp().tolist(), ends[window].exp().tolist()
            silent = max(silent, first[0] * last[0])
            words = [at for at, kind in enumerate(kinds) if kind == _CONTEXT]
            for begin in words:
                for end in range(begin, min(begin + _LONGEST, words[-1] + 1)):
                    weight = first[begin] * last[end]
                    total += weight
                    found.append((weight, int(places[begin][0]), int(places[end][1])))
        total += silent
        told = [
            {"answer": options.context[begin:end], "score": round(weight / total, 6),
             "start": begin, "end": end}
            for weight, begin, end in _best(found, max(options.top, 1))
        ]  # fmt: skip
        if not told:
            return Answer(asked=asked, output="", score=0.0, details={"unanswered": 1.0})
        return Answer(
            asked=asked,
            output=str(told[0]["answer"]),
            score=float(told[0]["score"]),  # type: ignore[arg-type]
            details={"answers": told, "unanswered": round(silent / total, 6)},
        )

    def _read(self, question: str, context: str) -> Any:
        asked = len(self._tokenizer(question)["input_ids"])
        room = max(self._most - asked - 2, 2)
        return self._tokenizer(
            question,
            context,
            truncation="only_second",
            max_length=self._most,
            stride=int(room * _SHARED),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            padding=True,
            return_tensors="pt",
        )

    def _scores(self, read: Any) -> tuple[Any, Any]:
        wanted = {
            name: read[name].to(self.device)
            for name in ("input_ids", "attention_mask", "token_type_ids")
            if name in read
        }
        with inference():
            said = self._model(**wanted)
        return said.start_logits.cpu(), said.end_logits.cpu()


def _best(found: list[tuple[float, int, int]], top: int) -> list[tuple[float, int, int]]:
    """Return the likeliest answers; one that overlaps a likelier one says nothing new."""
    taken: list[tuple[float, int, int]] = []
    for weight, begin, end in sorted(found, reverse=True):
        if all(end <= other[1] or begin >= other[2] for other in taken):
            taken.append((weight, begin, end))
            if len(taken) == top:
                break
    return taken
