"""Whether a review is pleased or not."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.cli.templates.worlds.sentences import fill, mistyped
from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec

_GOOD = [
    "great",
    "lovely",
    "sturdy",
    "a joy",
    "excellent",
    "worth every cent",
    "quick",
    "beautiful",
]
_BAD = ["poor", "flimsy", "a letdown", "terrible", "overpriced", "slow", "broken", "useless"]
_GOOD_LATER = ["fire", "goated", "top tier", "chef's kiss", "elite"]
_BAD_LATER = ["mid", "sus", "a flop", "cringe", "trash tier"]
_PRAISE = [
    "the {thing} is {word}, I would buy it again",
    "{word}! My {who} loves the {thing}",
    "arrived {when}, the {thing} is {word} and not {other} at all",
    "I expected a {other} {thing}, but it is {word}",
    "no complaints after {time}: {word}",
]
_BLAME = [
    "the {thing} is {word}, I sent it back",
    "{word}. My {who} had to return the {thing}",
    "arrived {when} and the {thing} is {word}, not {other} as they say",
    "I hoped for a {other} {thing}, it turned out {word}",
    "after {time} it was {word}, never again",
]
_WORDS = {
    "thing": ["kettle", "lamp", "tent", "headset", "backpack", "chair", "keyboard", "blender"],
    "who": ["daughter", "father", "flatmate", "partner", "boss"],
    "when": ["late", "on time", "early", "in a torn box"],
    "time": ["a day", "two weeks", "three months", "a year"],
}


def reviews(random: Random, later: bool) -> Iterator[Row]:
    """Yield reviews; later a younger crowd writes, in words of its own."""
    while True:
        pleased = random.random() < 0.6
        young = later and random.random() < 0.6
        good, bad = (_GOOD_LATER, _BAD_LATER) if young else (_GOOD, _BAD)
        text = fill(
            random,
            _PRAISE if pleased else _BLAME,
            **_WORDS,
            word=good if pleased else bad,
            other=bad if pleased else good,
        )
        wrong = random.random() < 0.03
        yield {
            "review": mistyped(random, text),
            "sentiment": "positive" if pleased != wrong else "negative",
        }


TEMPLATE = Template(
    name="sentiment",
    title="Whether a review is pleased or not",
    mode="real-time",
    origin="4,000 invented reviews, made by Keepwell itself on your machine; 3% bear the wrong label.",
    change="A younger crowd writes most of them, in words that the model has never seen.",
    world=reviews,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(
            source="data/reviews.csv",
            target="sentiment",
            key="id",
            types={"review": ColumnType.TEXT},
        ),
        train=TrainSpec(metric="roc_auc", budget=20.0),
        gate=GateSpec(min={"accuracy": 0.85}, latency_ms=5.0),
        monitor=MonitorSpec(window_seconds=None, window_rows=500),
    ),
)
