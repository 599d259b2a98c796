"""A language model that judges the answers of others, asked as OpenAI's API is."""

import json
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from keepwell.core.errors import UnavailableError, UsageError
from keepwell.core.spec.tracing import ScorerSpec

SECONDS = 60.0
LONGEST = 20_000
"""Characters of a prompt or an answer that a judge is shown."""

FORM = 'Answer with JSON only: {"score": a number from 0 (bad) to 1 (good), "why": one sentence}.'
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge said.

    Attributes:
        value: 0 to 1; None where nothing of that kind was said.
        why: In its words.
        request: What it was asked.
        response: What it answered, whole.
        ms: How long it took.
    """

    value: float | None
    why: str
    request: dict[str, Any]
    response: dict[str, Any]
    ms: float


def ask_judge(scorer: ScorerSpec, asked: str, said: str) -> Verdict:
    """Ask a judge about one answer.

    Raises:
        UsageError: If its key is in a variable that is not set.
        UnavailableError: If it does not answer.
    """
    shown = scorer.prompt.replace("{input}", asked[:LONGEST]).replace("{output}", said[:LONGEST])
    body = {
        "model": scorer.model,
        "temperature": 0,
        "messages": [{"role": "system", "content": FORM}, {"role": "user", "content": shown}],
    }
    begun = time.perf_counter()
    response = _post(f"{scorer.url.rstrip('/')}/chat/completions", body, _key(scorer))
    ms = (time.perf_counter() - begun) * 1000
    try:
        text = str(response["choices"][0]["message"]["content"])
    except (KeyError, IndexError, TypeError):
        text = ""
    value, why = read_verdict(text)
    return Verdict(value=value, why=why, request=body, response=response, ms=ms)


def read_verdict(text: str) -> tuple[float | None, str]:
    """Return the score in what a judge said, and its reason.

    >>> read_verdict('{"score": 0.8, "why": "clear"}'), read_verdict("Score: 3"), read_verdict("0.5, fair")
    ((0.8, 'clear'), (None, 'the score 3 is not from 0 to 1'), (0.5, '0.5, fair'))
    """
    found = _OBJECT.search(text)
    value: Any = None
    why = text.strip()[:500]
    if found:
        try:
            said = json.loads(found[0])
            value = said.get("score")
            why = str(said.get("why") or said.get("reason") or "")[:500]
        except (ValueError, AttributeError, RecursionError):
            value = None
    if value is None:
        number = _NUMBER.search(text)
        value = number[0] if number else None
    if value is None:
        return None, f"it said no number: {text.strip()[:200]!r}"
    try:
        number_said = float(value)
    except (TypeError, ValueError):
        return None, f"its score is {value!r:.60}, no number"
    if not 0 <= number_said <= 1:
        return None, f"the score {number_said:g} is not from 0 to 1"
    return number_said, why


def _key(scorer: ScorerSpec) -> str:
    if not scorer.key.startswith("$"):
        return scorer.key
    name = scorer.key.strip("${}")
    found = os.environ.get(name)
    if found is None:
        raise UsageError(
            f"the judge of '{scorer.name}' has no key",
            why=f"traces.scores names the variable {name}, and it is not set",
            now=f"export {name}=…, and start keepwell up again",
        )
    return found


def _post(url: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 (http(s), by the file)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        said = error.read(500).decode("utf-8", "replace")
        raise UnavailableError(f"the judge at {url} answered {error.code}", why=said) from error
    except (OSError, ValueError) as error:
        raise UnavailableError(f"the judge at {url} does not answer", why=str(error)) from error
    return found if isinstance(found, dict) else {}
