"""The language of `when`: conditions as people write them.

    drift & load.normal & ~recent_deploy(2h)
    (latency_p95_ms > 200 or errors) and not starved
    performance | cause(upstream)

`parse` makes an expression of a text and refuses what it does not know, `render` makes a text of an
expression; `words` lists all that may be said. What a word means for an endpoint is decided elsewhere
(`operations.loop.language`).
"""

from keepwell.core.rules.expressions import (
    And,
    Comparison,
    Expression,
    Or,
    Without,
    Word,
    all_of,
    any_of,
    render,
    without,
    words_of,
)
from keepwell.core.rules.grammar import LanguageError, parse
from keepwell.core.rules.hours import Hours
from keepwell.core.rules.words import CAUSES, MEASURES, WORDS, Measure, Vocable

__all__ = [
    "CAUSES",
    "MEASURES",
    "WORDS",
    "And",
    "Comparison",
    "Expression",
    "Hours",
    "LanguageError",
    "Measure",
    "Or",
    "Vocable",
    "Without",
    "Word",
    "all_of",
    "any_of",
    "parse",
    "render",
    "without",
    "words_of",
]
