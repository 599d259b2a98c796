"""Invented reviews: a word tells the class, often misspelt."""

import numpy as np
from training_worlds import World, world_of

from keepwell.core.records import ColumnType

GOOD = ["great", "lovely", "splendid", "wonderful", "excellent", "delightful"]
BAD = ["awful", "horrid", "dreadful", "terrible", "useless", "broken"]
FILLER = [f"{a}{b}" for a in ("thing", "day", "cable", "phone", "film") for b in ("", "s", "like")]


def reviews(classes: int = 2, rows: int = 240) -> World:
    """A text that tells the class by a word that is often misspelt, and a number that helps little."""
    random = np.random.default_rng(3)
    texts, labels = [], []
    for _ in range(rows):
        code = int(random.integers(classes))
        word = str(random.choice([GOOD, BAD, ["so-so", "middling", "average"]][code]))
        if random.random() < 0.5:
            at = int(random.integers(1, len(word)))
            word = word[:at] + word[at + 1 :]
        words = [*random.choice(FILLER, 8), word]
        random.shuffle(words)
        texts.append(" ".join(words))
        labels.append(("good", "bad", "meh")[code])
    columns = {"text": texts, "length": random.normal(size=rows), "label": labels}
    return world_of(columns, text=ColumnType.TEXT)
