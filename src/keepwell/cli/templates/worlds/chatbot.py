"""What a customer wants, so that a bot can answer."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.cli.templates.worlds.sentences import fill, mistyped
from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec

_ASKED = {
    "track order": [
        "where is my {order}",
        "has the {order} been sent",
        "when will the {order} arrive",
    ],
    "return": [
        "I want to send the {order} back",
        "how do I return the {order}",
        "wrong size, return it",
    ],
    "refund": [
        "when do I get my money back",
        "refund for the {order} is missing",
        "you owe me a refund",
    ],
    "invoice": [
        "send me the invoice",
        "I need a bill for the {order}",
        "invoice for {order}, please",
    ],
    "password": [
        "I forgot my password",
        "cannot log in",
        "reset my {login}",
        "my {login} does not work",
    ],
    "hours": ["when are you open", "are you open on {day}", "opening hours on {day}"],
    "human": ["let me talk to a person", "I want an agent", "stop, a human please"],
}
_LATER = {
    "gift card": ["my gift card is empty", "how do I redeem a voucher", "voucher for {order}"]
}
_WORDS = {
    "order": ["order", "parcel", "package", "shoes", "jacket"],
    "login": ["login", "account", "code"],
    "day": ["Sunday", "Monday", "holidays", "Saturday"],
}
_OPENINGS = ["{}", "{}?", "hi, {}", "hello {}", "please: {}", "{} thanks", "um {}", "sorry, {}"]

_BOT = '''"""A bot in thirty lines: asks the endpoint what is wanted, and answers from replies.json.

    python bot.py "where is my parcel"

It admits that it did not understand when the model is less sure than `SURE`.
"""

import json
import os
import sys
import urllib.request
from pathlib import Path

ADDRESS = os.environ.get("BOT_ENDPOINT", "http://127.0.0.1:4400/endpoints/$endpoint/predict")
SURE = 0.5
REPLIES = json.loads(Path(__file__).with_name("replies.json").read_text())


def reply(text: str) -> str:
    """Return the answer to what somebody wrote."""
    body = json.dumps({"instances": [{"text": text}]}).encode()
    request = urllib.request.Request(ADDRESS, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as response:
        answer = json.load(response)
    intent, sure = answer["predictions"][0], max(answer["probabilities"][0].values())
    return REPLIES[intent] if sure >= SURE else REPLIES["not understood"]


if __name__ == "__main__":
    print(reply(" ".join(sys.argv[1:])))
'''
_REPLIES = """\
{
  "track order": "Your order is on its way; the link in our mail shows where.",
  "return": "Put the label that came with it on the parcel and hand it in at any shop.",
  "refund": "A refund takes five working days from the day your parcel is back.",
  "invoice": "I have sent the invoice to your e-mail address.",
  "password": "I have sent you a link to set a new password.",
  "hours": "We are open Monday to Saturday, nine to six.",
  "human": "One moment, I am getting somebody.",
  "gift card": "Enter the voucher's number at the checkout.",
  "not understood": "I did not understand. Shall I get somebody?"
}
"""


def questions(random: Random, later: bool) -> Iterator[Row]:
    """Yield questions; later a third are about vouchers, of which the bot has never heard."""
    while True:
        new = later and random.random() < 0.33
        intent, patterns = random.choice(list((_LATER if new else _ASKED).items()))
        text = random.choice(_OPENINGS).format(fill(random, patterns, **_WORDS))
        if random.random() < 0.04:  # somebody noted the wrong wish
            intent = random.choice(list(_ASKED))
        yield {"text": mistyped(random, text, 0.15), "intent": intent}


TEMPLATE = Template(
    name="chatbot",
    title="What a customer wants, so that a bot can answer",
    mode="real-time",
    origin="2,000 invented questions to a shop, made by Keepwell on your machine; 4% bear the wrong label.",
    change="A third of the customers ask about vouchers, of which the bot has never heard.",
    world=questions,
    rows=2_000,
    later=1_000,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(
            source="data/questions.csv",
            target="intent",
            key="question",
            types={"text": ColumnType.TEXT},
        ),
        train=TrainSpec(metric="log_loss", budget=20.0),
        gate=GateSpec(min={"accuracy": 0.85}, latency_ms=5.0),
        monitor=MonitorSpec(window_seconds=None, window_rows=300),
    ),
    files={"bot.py": _BOT, "replies.json": _REPLIES},
    notes=(
        "While `keepwell up` runs, talk to it:\n\n"
        '```sh\npython bot.py "where is my parcel"\n```\n\n'
        "The model decides what is wanted; `replies.json` holds what is said. It says that it did not "
        "understand when it is not sure, and the prediction log keeps every question for the next training."
    ),
)
