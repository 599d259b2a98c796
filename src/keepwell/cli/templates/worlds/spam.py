"""Which messages are spam."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.cli.templates.worlds.sentences import fill, mistyped
from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec

_HAM = [
    "{hi} {name}, can we move the {thing} to {day}?",
    "{hi}, I have sent you the {paper} for {day}, please have a look",
    "are you coming to the {thing} on {day}? {name} asks too",
    "{name} said the {paper} is free to use, but the {thing} is not",
    "thanks for the {paper}, {name}. See you {day} at the {thing}",
    "the {thing} costs more than we thought, shall we win time until {day}?",
    "call me when you are at the {thing}, I have a prize question for {name}",
]
_SPAM = [
    "{urge} you have won a {prize}, click {link} to claim",
    "{hi} dear customer, your {account} is locked, {urge} confirm at {link}",
    "cheap {goods} without prescription, free delivery until {day} {link}",
    "{urge} free {prize} for the first hundred, reply with your {account} number",
    "your {paper} is overdue, pay {day} or lose your {account}: {link}",
]
_LATER = [
    "{name} made 4000 a week with {coin}, join the {thing} on {day}",
    "{hi} {name}, our {coin} fund doubles your money by {day}, want the {paper}?",
    "recruiter here: remote job, 3 hours a day, paid in {coin}, shall I send the {paper}?",
]
_WORDS = {
    "hi": ["hi", "hello", "hey", "good morning", "dear"],
    "name": ["Anna", "Tom", "Mira", "Jon", "Lea", "Sam", "Priya", "Ola"],
    "day": ["Monday", "Tuesday", "Friday", "tomorrow", "today", "next week"],
    "thing": ["meeting", "dinner", "match", "concert", "review", "trip", "call"],
    "paper": ["report", "invoice", "draft", "list", "contract", "plan"],
    "urge": ["URGENT!", "now", "last chance:", "act fast,", "important:"],
    "prize": ["phone", "cruise", "gift card", "prize", "laptop"],
    "account": ["account", "card", "mailbox", "bank access"],
    "goods": ["pills", "watches", "loans", "software"],
    "link": ["bit.example/x7", "www.win-now.example", "secure-login.example", "t.example/99"],
    "coin": ["bitcoin", "crypto", "a new coin", "tokens"],
}


def messages(random: Random, later: bool) -> Iterator[Row]:
    """Yield messages; later half of the spam promises money in crypto coins."""
    while True:
        spam = random.random() < 0.3
        patterns = _HAM if not spam else _LATER if later and random.random() < 0.5 else _SPAM
        text = mistyped(random, fill(random, patterns, **_WORDS))
        wrong = random.random() < 0.02  # people mislabel
        yield {
            "text": text.lower() if random.random() < 0.3 else text,
            "label": "spam" if spam != wrong else "ham",
        }


TEMPLATE = Template(
    name="spam",
    title="Which messages are spam",
    mode="real-time",
    origin="4,000 invented messages, made by Keepwell itself on your machine; 2% bear the wrong label.",
    change="Half of the spam is of a new kind: it promises money in crypto coins.",
    world=messages,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(
            source="data/messages.csv",
            target="label",
            key="message",
            types={"text": ColumnType.TEXT},
        ),
        train=TrainSpec(metric="average_precision", budget=20.0),
        gate=GateSpec(min={"precision": 0.9, "recall": 0.8}, latency_ms=5.0),
        monitor=MonitorSpec(window_seconds=None, window_rows=500),
    ),
    notes=(
        "Try it by hand: `keepwell up` prints the address of the endpoint's page, which has a form.\n\n"
        "A good message in the spam folder costs more than spam in the inbox, so the gate asks for "
        "precision and for recall: look at both in step 4."
    ),
)
