"""Which traces are looked for, as SQL."""

import re
from dataclasses import dataclass

from keepwell.core.errors import UsageError
from keepwell.core.suggestions import did_you_mean

_TERM = re.compile(r"([^=!<>]+?)\s*(!=|>=|<=|=|>|<)\s*(.*)", re.DOTALL)
TEXTS = ("app", "name", "models", "user", "session", "error", "trace", "input", "output")
NUMBERS = ("ms", "first_token_ms", "cost", "input_tokens", "output_tokens", "spans")
_ALIASES = {"model": "models", "latency_ms": "ms", "id": "trace"}
_SCORE = "score:"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTraces:
    """Which traces are looked for; all that is said must hold.

    Attributes:
        app: Of this application.
        where: Terms such as `model=gpt-4o`, `ms>2000`, `error!=`, `score:helpful<0.5`.
        text: Stands anywhere in one of its steps, in any case.
        failed: Only those with an error.
        since: Begun not before, Unix seconds.
        until: Begun before.
        limit: At most so many, the newest.
        skip: So many of the newest are left out.
    """

    app: str = ""
    where: tuple[str, ...] = ()
    text: str = ""
    failed: bool = False
    since: float | None = None
    until: float | None = None
    limit: int = 50
    skip: int = 0


def conditions(wanted: WantedTraces) -> list[str]:
    """Return what must hold of a row of `traces`; every value in it is quoted.

    Raises:
        UsageError: If a term is none.
    """
    found = ["true"]
    if wanted.app:
        found.append(f"app = {quoted(wanted.app)}")
    if wanted.failed:
        found.append("error <> ''")
    if wanted.since is not None:
        found.append(f"began >= {float(wanted.since)!r}")
    if wanted.until is not None:
        found.append(f"began < {float(wanted.until)!r}")
    return [*found, *map(_term, wanted.where)]


def anywhere(text: str) -> str:
    """Return what must hold of a step that holds a text; `true` without one."""
    if not text:
        return "true"
    fields = ("input", "output", "attributes", "name", "model", "error", "user", "session", "trace")
    held = " || ' ' || ".join(f"coalesce({name}, '')" for name in map(_column, fields))
    return f"contains(lower({held}), lower({quoted(text)}))"


def quoted(text: str) -> str:
    """Return a text as SQL has it."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def _column(name: str) -> str:
    return f'"{name}"'


def _term(text: str) -> str:
    match = _TERM.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"'{text}' is no condition",
            why="one is a field, a sign and a value",
            now="for example model=gpt-4o, ms>2000, score:helpful<0.5",
        )
    name, sign, value = match[1].strip(), match[2], match[3].strip().strip("'\"")
    name = _ALIASES.get(name, name)
    if name.startswith(_SCORE):
        score = quoted(name.removeprefix(_SCORE))
        compared = f"value {sign} {_number(text, value)!r}"
        return f"trace IN (SELECT trace FROM judged WHERE name = {score} AND {compared})"  # noqa: S608 (quoted)
    if name in NUMBERS:
        return f"coalesce({name} {sign} {_number(text, value)!r}, false)"
    if name == "models" and sign in ("=", "!="):
        holds = f"list_contains(string_split(models, ', '), {quoted(value)})"
        return holds if sign == "=" else f"NOT {holds}"
    if name in TEXTS:
        return f"coalesce({_column(name)} {sign} {quoted(value)}, false)"
    raise UsageError(
        f"a trace has no field '{name}'",
        why=f"fields are {', '.join((*TEXTS, *NUMBERS))} and score:NAME",
        now=did_you_mean(name, (*TEXTS, *NUMBERS)) or "search by text, which looks everywhere",
    )


def _number(term: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(
            f"'{value}' in '{term}' is no number",
            why="this field is compared as a number",
            now="for example ms>2000",
        ) from None
