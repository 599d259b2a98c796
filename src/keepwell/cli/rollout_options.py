"""What `keepwell rollout start` was told, as values."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keepwell.core.durations import parse_duration
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.spec import RolloutSpec


def rollout_spec(
    base: "RolloutSpec", strategy: str, steps: str, hold: str, settings: list[str]
) -> "RolloutSpec":
    """Return how a version is tried: as in the project file, but for what was said.

    Raises:
        UsageError: If something is not understood.
    """
    changes: dict[str, Any] = {"strategy": strategy} if strategy else {}
    if steps:
        changes["steps"] = tuple(_number(one, "--steps") for one in steps.split(","))
    if hold:
        changes["hold"] = _seconds(hold, "--hold")
    kinds = {
        "sample": _number,
        "explore": _number,
        "watch": _seconds,
        "keep": _seconds,
        "every": _seconds,
    }
    for setting in settings:
        name, _, value = setting.partition("=")
        if name == "reward" and value in ("correct", "outcome"):
            changes[name] = value
        elif name in kinds:
            changes[name] = kinds[name](value, f"--set {name}")
        else:
            raise UsageError(
                f"'{setting}' sets nothing",
                why=f"what can be set: {', '.join(kinds)}, reward (correct or outcome)",
                now="write for example --set watch=1h",
            )
    return replace(base, **changes)


def rollout_weights(text: str) -> dict[int, float] | None:
    """Return the shares that `3=50,4=50` says, None where nothing is said."""
    if not text:
        return None
    found = {}
    for part in text.split(","):
        version, _, weight = part.partition("=")
        if not version.strip().isdigit():
            raise UsageError(
                f"'{part}' is no share of a version",
                why="shares are written VERSION=WEIGHT",
                now="write for example --weights 3=50,4=50",
            )
        found[int(version)] = _number(weight, "--weights")
    return found


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"'{text}' in {where} is no number") from None


def _seconds(text: str, where: str) -> float:
    try:
        return parse_duration(text)
    except ValueError:
        raise UsageError(
            f"'{text}' in {where} is no duration", now="write for example 10m"
        ) from None
