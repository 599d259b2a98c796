"""The options of a playbook: what `with:` may say, read and complained about in one place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keepwell.core.errors import UsageError
from keepwell.core.suggestions import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One word of `with:`.

    Attributes:
        name: The word.
        kind: `whole`, `number`, `share`, `text`, `texts` or `flag`.
        means: What it says, in a few words.
        default: What holds without it.
        least: The smallest number.
        most: The largest number.
        choices: The texts that it may be; any if empty.
    """

    name: str
    kind: str
    means: str
    default: Any = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def expects(self) -> str:
        """What it must be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        words = _WORDS[self.kind]
        if self.least is not None and self.most is not None:
            return f"{words} from {self.least:g} to {self.most:g}"
        return words if self.least is None else f"{words}, at least {self.least:g}"

    def read(self, value: Any) -> Any:
        """Return a value as what it must be.

        Raises:
            ValueError: If it is something else.
        """
        found = _READ[self.kind](value)
        if self.choices and found not in self.choices:
            raise ValueError
        if self.least is not None and found < self.least:
            raise ValueError
        if self.most is not None and found > self.most:
            raise ValueError
        return found


def read_options(
    playbook: str, known: Sequence[Option], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the value of every option, defaults filled in.

    Raises:
        UsageError: If an option is unknown, or cannot be what was given.
    """
    names = {one.name: one for one in known}
    for name in given:
        if name not in names:
            shown = ", ".join(names) or "none"
            raise UsageError(
                f"the playbook '{playbook}' has no option '{name}'",
                why=f"its options: {shown}",
                now=did_you_mean(str(name), names) or "leave it out of `with:`",
            )
    values: dict[str, Any] = {}
    for name, option in names.items():
        if given.get(name) is None:
            values[name] = option.default
            continue
        try:
            values[name] = option.read(given[name])
        except (ValueError, TypeError):
            raise UsageError(
                f"the option '{name}' of the playbook '{playbook}' cannot be {given[name]!r:.60}",
                why=f"{option.means}: {option.expects}",
                now=f"write for example `with: {{{name}: {_EXAMPLES[option.kind]}}}`"
                if not option.choices
                else f"write for example `with: {{{name}: {option.choices[0]}}}`",
            ) from None
    return values


def _whole(value: Any) -> int:
    if isinstance(value, bool) or float(value) != int(float(value)):
        raise ValueError
    return int(float(value))


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    found = float(value)
    if found != found or found in (float("inf"), float("-inf")):  # noqa: PLR0124 (nan)
        raise ValueError
    return found


def _share(value: Any) -> float:
    text = str(value).strip()
    return _number(text[:-1]) / 100 if text.endswith("%") else _number(value)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value):
        raise ValueError
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else list(value)
    if not items:
        raise ValueError
    return tuple(_text(item) for item in items)


def _flag(value: Any) -> bool:
    words = {"true": True, "false": False}
    found = value if isinstance(value, bool) else words.get(str(value).lower())
    if found is None:
        raise ValueError
    return found


_READ: Mapping[str, Callable[[Any], Any]] = {
    "whole": _whole,
    "number": _number,
    "share": _share,
    "text": _text,
    "texts": _texts,
    "flag": _flag,
}
_WORDS = {
    "whole": "a whole number",
    "number": "a number",
    "share": "a share such as 0.5%",
    "text": "a text",
    "texts": "a text, or a list of texts",
    "flag": "true or false",
}
_EXAMPLES = {
    "whole": "4",
    "number": "1.5",
    "share": "1%",
    "text": "name",
    "texts": "[one, two]",
    "flag": "true",
}
