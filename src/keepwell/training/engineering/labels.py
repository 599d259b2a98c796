"""How derived features are shown."""

from keepwell.core.features import Derived


def label_of(derived: Derived) -> str:
    """Return a feature in words: `charges / tenure`, `mean of price by city`."""
    if derived.kind == "formula":
        return derived.detail
    if derived.kind == "group":
        *groups, number = derived.columns
        what = f"{derived.detail} of {number} by {', '.join(groups)}"
        return f"{number} less {what}" if derived.difference else what
    words = {
        "share": "how frequent {} is",
        "target": "the target's mean by {}",
        "text": "the shape of {}",
    }
    return words[derived.kind].format(derived.columns[0])


def signed(value: float | None) -> str:
    """Return a gain as it is shown: `+0.0041`."""
    return "unknown" if value is None else f"{value:+.3g}"
