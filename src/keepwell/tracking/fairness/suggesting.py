"""Columns that may say what people must not be judged by, recognised by their names or their values.

A suggestion is no verdict: it asks somebody to look, and to name the columns that matter.
"""

import re
from collections.abc import Mapping, Sequence

_NAMES = frozenset({
    "sex", "gender", "race", "ethnicity", "ethnic", "religion", "religious", "nationality", "citizenship",
    "citizen", "foreign", "foreigner", "immigrant", "disability", "disabled", "handicap", "pregnant",
    "pregnancy", "marital", "age", "birth", "birthdate", "birthday", "dob", "caste", "skin", "orientation",
    "veteran", "native", "geschlecht", "alter", "herkunft",
})  # fmt: skip
_VALUES = (
    frozenset({
        "male", "female", "man", "woman", "men", "women", "m", "f", "w", "diverse", "other",
    }),
    frozenset({
        "white", "black", "asian", "hispanic", "latino", "african-american", "caucasian", "native-american",
        "amer-indian-eskimo", "asian-pac-islander", "other",
    }),
    frozenset({
        "christian", "catholic", "protestant", "muslim", "jewish", "hindu", "buddhist", "sikh", "none",
        "other",
    }),
)  # fmt: skip
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PAIR = 2


def suggested(columns: Sequence[str], labels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return by column why it may be a protected one.

    Args:
        columns: Names.
        labels: Most frequent values of columns of labels.

    >>> suggested(["applicantAge", "average", "who"], {"who": ["Male", "Female"]})
    {'applicantAge': "its name says 'age'", 'who': "its values are 'female', 'male'"}
    """
    found = {}
    for name in columns:
        words = [word.lower() for word in _WORDS.findall(name)]
        said = next((word for word in words if word in _NAMES), None)
        if said is not None:
            found[name] = f"its name says '{said}'"
            continue
        values = {str(value).strip().lower() for value in labels.get(name, ())}
        if (
            len(values) >= _PAIR
            and any(values <= known for known in _VALUES)
            and values - {"other", "none"}
        ):
            found[name] = f"its values are {', '.join(map(repr, sorted(values)[:4]))}"
    return found
