"""Outcomes as somebody posted them, checked before anything is done with them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keepwell.core.errors import InvalidRequestError
from keepwell.core.suggestions import did_you_mean

_FORM = '{"prediction_id": "…", "outcome": …} or {"key": "…", "outcome": …, "time": …}'
_KEYS = ("prediction_id", "key", "outcome", "time")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedOutcome:
    """One posted outcome; exactly one of `id` and `key` is set.

    Attributes:
        outcome: What turned out to be true, as JSON.
        id: The prediction that it belongs to.
        key: Or the key, whose latest prediction it belongs to.
        time: When it became true, Unix seconds; None where nobody said.
    """

    outcome: str
    id: str = ""
    key: str = ""
    time: float | None = None

    def before(self, now: float) -> float:
        """Return the time before which its prediction was made."""
        return now if self.time is None else self.time


def check_outcomes(items: Sequence[Mapping[str, Any]]) -> list[PostedOutcome]:
    """Return the posted outcomes.

    Raises:
        InvalidRequestError: If one is not of the right form; `what` says which and why.
    """
    return [_checked(item, at) for at, item in enumerate(items)]


def _checked(item: Any, at: int) -> PostedOutcome:
    if not isinstance(item, Mapping):
        raise _wrong(at, f"it is {item!r}")
    unknown = [name for name in item if name not in _KEYS]
    if unknown:
        raise _wrong(at, f"it has '{unknown[0]}'", did_you_mean(str(unknown[0]), _KEYS))
    identifier, key = item.get("prediction_id"), item.get("key")
    if (identifier is None) == (key is None):
        raise _wrong(at, "it needs either 'prediction_id' or 'key'")
    if identifier is not None and not (isinstance(identifier, str) and identifier):
        raise _wrong(at, f"its 'prediction_id' is {identifier!r}, not a text")
    if key is not None and not (isinstance(key, str | int | float) and str(key)):
        raise _wrong(at, f"its 'key' is {key!r}, not a text or number")
    outcome = item.get("outcome")
    if not isinstance(outcome, str | int | float) or (
        isinstance(outcome, float) and not math.isfinite(outcome)
    ):
        raise _wrong(at, f"its 'outcome' is {outcome!r}, not a label or a finite number")
    return PostedOutcome(
        outcome=json.dumps(outcome),
        id=identifier or "",
        key="" if key is None else str(key),
        time=_time(item.get("time"), at),
    )


def _time(value: Any, at: int) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(
            at, f"its 'time' is {value!r}, neither Unix seconds nor like 2026-11-21T08:00:00Z"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _wrong(at: int, why: str, now: str = "") -> InvalidRequestError:
    return InvalidRequestError(
        f"outcomes[{at}] cannot be used: {why}",
        why=f"an outcome is {_FORM}",
        now=now or "correct it and post the outcomes again; none of them was kept",
        details={"index": at},
    )
