"""Sentences from patterns: `fill(random, ["{greeting} there"], greeting=["hi", "hello"])`."""

import re
from collections.abc import Sequence
from random import Random

_SLOT = re.compile(r"\{(\w+)\}")


def fill(random: Random, patterns: Sequence[str], **words: Sequence[str]) -> str:
    """Return one of the patterns, each `{slot}` replaced by one of its words.

    >>> fill(Random(1), ["a {colour} {colour} dog"], colour=["red"])
    'a red red dog'
    """
    return _SLOT.sub(lambda slot: random.choice(words[slot[1]]), random.choice(patterns))


def mistyped(random: Random, text: str, share: float = 0.1) -> str:
    """Return the text, in a `share` of cases with two letters swapped somewhere."""
    if len(text) < 4 or random.random() >= share:
        return text
    at = random.randrange(1, len(text) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
