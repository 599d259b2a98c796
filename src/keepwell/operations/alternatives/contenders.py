"""Whoever answers a row: a version, a Python file, an HTTP service, a language model behind OpenAI's API."""

import importlib.util
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keepwell.core.errors import NotFoundError, UnavailableError, UsageError
from keepwell.core.records import ModelVersion, Signature

if TYPE_CHECKING:
    from keepwell.deployment.scoring import Scorer

Row = Mapping[str, Any]
SECONDS = 60.0
KEY = "OPENAI_API_KEY"
_OPENAI = "openai:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: a label or number, how sure it is of it, and the tokens that it took."""

    value: Any
    confidence: float | None = None
    tokens: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Who answers rows.

    Attributes:
        name: As the table shows it.
        kind: `version`, `file`, `service` or `language model`.
        ask: Answers one row; raises what it raises.
        effort: What it took, as far as that can be measured.
    """

    name: str
    kind: str
    ask: Callable[[Row], Answer]
    effort: str = "not stated"

    @property
    def bought(self) -> bool:
        """It is somebody's service."""
        return self.kind in ("service", "language model")


def version_contender(version: ModelVersion, scorer: "Scorer", effort: str) -> Contender:
    """Return a version, asked in this process."""

    def ask(row: Row) -> Answer:
        said = scorer.rows([row])
        chances = said.probabilities
        sure = None if chances is None else float(chances[0].max())
        return Answer(value=said.predictions[0], confidence=sure)

    return Contender(name=version.key, kind="version", ask=ask, effort=effort)


def open_contender(source: str, signature: Signature) -> Contender:
    """Return who a word names: `model.py`, `http://…`, or `openai:http://…/v1#model`.

    Raises:
        NotFoundError: If the file is not there.
        UsageError: If the word names none of them.
    """
    if source.startswith(_OPENAI):
        return _language_model(source.removeprefix(_OPENAI), signature)
    if source.startswith(("http://", "https://")):
        return _service(source)
    if source.endswith(".py"):
        return _file(Path(source))
    raise UsageError(
        f"'{source}' is nothing that could answer rows",
        why="it is no Python file, no address, and no language model",
        now="--with model.py, --with http://host/predict, or --with openai:http://host/v1#model",
    )


def _file(path: Path) -> Contender:
    if not path.is_file():
        raise NotFoundError(
            f"there is no file {path}", now="name a Python file with `predict(rows)`"
        )
    spec = importlib.util.spec_from_file_location(f"keepwell_contender_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be imported", now="name a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    predict = getattr(module, "predict", None)
    if not callable(predict):
        raise UsageError(
            f"{path} has no function `predict`",
            why="it is called with a list of rows, each a dictionary, and returns a list of answers",
            now="def predict(rows): return [… for row in rows]",
        )
    lines = sum(
        bool(line.strip()) and not line.strip().startswith("#")
        for line in path.read_text().splitlines()
    )

    def ask(row: Row) -> Answer:
        return _understood(predict([dict(row)])[0])

    return Contender(name=path.name, kind="file", ask=ask, effort=f"{lines} lines of code")


def _understood(said: Any) -> Answer:
    """Read an answer: plain, or probabilities by label."""
    if isinstance(said, Mapping) and said:
        label = max(said, key=lambda name: float(said[name]))
        return Answer(value=label, confidence=float(said[label]))
    return Answer(value=said)


def _service(url: str) -> Contender:
    def ask(row: Row) -> Answer:
        given = _post(url, {"instances": [dict(row)]}, {})
        try:
            return _understood(given["predictions"][0])
        except (KeyError, IndexError, TypeError) as error:
            raise UnavailableError(
                f"{url} does not answer with predictions",
                why=f"it said {str(given)[:200]}",
                now='it should answer {"instances": [row]} with {"predictions": [answer]}',
            ) from error

    return Contender(name=urlsplit(url).netloc, kind="service", ask=ask)


def _language_model(source: str, signature: Signature) -> Contender:
    base, _, model = source.partition("#")
    url = f"{base.rstrip('/')}/chat/completions"
    key = os.environ.get(KEY, "")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    choices = ", ".join(map(str, signature.classes))
    wanted = f"exactly one of: {choices}" if choices else "a number and nothing else"
    system = f"You predict '{signature.target}' from a row of a table. Answer with {wanted}."

    def ask(row: Row) -> Answer:
        body = {
            "model": model or "default",
            "temperature": 0,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": json.dumps(dict(row), ensure_ascii=False)},
            ],
        }
        given = _post(url, body, headers)
        try:
            text = str(given["choices"][0]["message"]["content"]).strip()
        except (KeyError, IndexError, TypeError) as error:
            raise UnavailableError(
                f"{url} does not answer as OpenAI's interface does",
                why=f"it said {str(given)[:200]}",
                now="name an address that ends in /v1",
            ) from error
        used = given.get("usage") or {}
        tokens = (int(used.get("prompt_tokens", 0)), int(used.get("completion_tokens", 0)))
        return Answer(value=text.strip(" .\"'`"), tokens=tokens)

    return Contender(
        name=model or urlsplit(base).netloc,
        kind="language model",
        ask=ask,
        effort="a prompt, written for you",
    )


def _post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    request = urllib.request.Request(  # noqa: S310 - only http(s) comes here
        url,
        data=json.dumps(body, default=str).encode(),
        headers={"content-type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read())
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
        raise UnavailableError(
            f"{url} did not answer", why=str(error), now="see that it is up and reachable"
        ) from error
