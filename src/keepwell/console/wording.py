"""Numbers, durations and sizes as people read them."""

import math
import re
from datetime import UTC, datetime

from markupsafe import Markup, escape

from keepwell.core.durations import format_duration
from keepwell.core.sizes import size
from keepwell.monitoring.costs.amounts import energy, mass, memory_time
from keepwell.monitoring.costs.prices import money as said_money

NONE = "—"
_BIG = 1e6
_SMALL = 1e-3


def number(value: float | None) -> str:
    """Return a number at four significant digits, whole numbers in full.

    >>> number(12345), number(0.123456), number(98765.4), number(None)
    ('12,345', '0.1235', '98,765', '—')
    >>> number(0.85), number(1234.56)
    ('0.85', '1,235')
    """
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if float(value).is_integer() and abs(value) < _BIG * _BIG:
        return f"{int(value):,}"
    if abs(value) >= _BIG * _BIG or abs(value) < _SMALL:
        return f"{value:.3g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def tick(value: float) -> str:
    """Return a round value beside an axis, no longer than it needs to be: `0.9`, `1,200`."""
    return f"{value:,.10g}"


def score(value: float | None) -> str:
    """Return a metric: three decimals below ten, so that scores line up.

    >>> score(0.8), score(7.25), score(49823.2)
    ('0.800', '7.250', '49,823')
    """
    if value is None or math.isnan(value):
        return NONE
    return f"{value:.3f}" if abs(value) < 10 else number(value)  # noqa: PLR2004


def percent(share: float | None) -> str:
    """Return a share as a percentage: one decimal, none where it is round.

    >>> percent(0.05), percent(0.1234), percent(0.0004), percent(1.0)
    ('5%', '12.3%', '0.04%', '100%')
    """
    if share is None or math.isnan(share):
        return NONE
    value = share * 100
    digits = 1 if abs(value) >= 0.1 or value == 0 else 2  # noqa: PLR2004
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.')}%"


def milliseconds(value: float | None) -> str:
    """Return a latency: `0.4 ms`, `12 ms`, `1.2 s`."""
    if value is None or math.isnan(value):
        return NONE
    if value >= 1000:  # noqa: PLR2004
        return f"{value / 1000:.1f} s"
    return f"{value:.2f} ms" if value < 1 else f"{value:.3g} ms"


def rate(value: float | None) -> str:
    """Return how many a second: one decimal is enough.

    >>> rate(21.714), rate(0.033), rate(0.0), rate(1204.6)
    ('21.7', '0.03', '0', '1,205')
    """
    if value is None or math.isnan(value):
        return NONE
    if value >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 1 else 2}f}".rstrip("0").rstrip(".") or "0"


def money(amount: float | None, currency: str) -> str:
    """Return an amount, `NONE` where it is not known."""
    return NONE if amount is None else said_money(amount, currency)


def duration(seconds: float | None) -> str:
    """Return a span of time, `NONE` where it is not known."""
    return NONE if seconds is None else format_duration(max(0.0, seconds))


def iso(time: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC, which browsers turn into local time."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")


def moment(time: float | None) -> str:
    """Return Unix seconds as `2026-03-01 14:03 UTC`: what a page says before its script runs."""
    if time is None:
        return NONE
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def date(time: float) -> str:
    """Return a date of somebody's data, with the time of day only where there is one."""
    return moment(time).removesuffix(" 00:00 UTC")


def short(identifier: str) -> str:
    """Return the end of an identifier: ULIDs of one minute share their beginning."""
    return identifier[-8:]


def plural(count: int, noun: str, many: str = "") -> str:
    """Return `1 row`, `2 rows`, `1,204 rows`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def label(metric: str) -> str:
    """Return a metric's name, or words with metrics among them, as people write them.

    >>> label("roc_auc"), label("min log_loss"), label("prediction_drift"), label("cv_roc_auc")
    ('ROC AUC', 'min log loss', 'prediction drift', 'cross-validated ROC AUC')
    """
    return " ".join(_word(word) for word in metric.split(" "))


def prose(text: str) -> Markup:
    """Return words of the system's with metrics named, identifiers short and `code` set as code.

    >>> prose("roc_auc holds; see `key:` <here>")
    Markup('ROC AUC holds; see <code>key:</code> &lt;here&gt;')
    >>> prose("run 01KFN3C8Q4T5D8Z7W9R2M1XYZA ended")
    Markup('run <code>R2M1XYZA</code> ended')
    """
    named = _METRIC.sub(lambda found: label(found[0]), text)
    shortened = _IDENTIFIER.sub(lambda found: f"`{short(found[0])}`", named)
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(shortened))))  # noqa: S704 (escaped)


def sentence(text: str) -> Markup:
    """Return `prose` that begins with a capital, unless it begins with somebody's own name.

    >>> sentence("inputs look as in training"), sentence("`age` moved")
    (Markup('Inputs look as in training'), Markup('<code>age</code> moved'))
    """
    first = text.partition(" ")[0]
    return prose(text[:1].upper() + text[1:] if first.isalpha() else text)


def _word(word: str) -> str:
    if word.startswith("cv_"):
        return f"cross-validated {_word(word.removeprefix('cv_'))}"
    return _LABELS.get(word) or " ".join(_LABELS.get(part, part) for part in word.split("_"))


_LABELS = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "f1": "F1",
    "log_loss": "log loss",
    "rmse": "RMSE",
    "mae": "MAE",
    "mse": "MSE",
    "r2": "R²",
    "ece": "ECE",
    "mcc": "MCC",
    "brier": "Brier score",
    "roc": "ROC",
    "latency_ms": "latency, ms",
}
_METRIC = re.compile(r"\b(roc_auc|average_precision|log_loss|rmse)\b")
_IDENTIFIER = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
_CODE = re.compile("`([^`]*)`")


RULES = (
    prose,
    sentence,
    number,
    tick,
    score,
    percent,
    milliseconds,
    rate,
    size,
    money,
    energy,
    mass,
    memory_time,
    duration,
    iso,
    moment,
    short,
    plural,
    label,
)
"""What templates may say `value | rule` of."""
