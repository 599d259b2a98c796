"""Scores that need nobody: what an answer holds, whether it is JSON, how long it is."""

import hashlib
import json
import re

from keepwell.core.spec.tracing import ScorerSpec

RULES = ("regex", "json", "length")


def rated(scorer: ScorerSpec, output: str) -> tuple[float, str]:
    """Return 1 where an answer is as it should be, else 0, and why.

    >>> rated(ScorerSpec(name="polite", kind="regex", pattern="please"), "Sit down, please.")
    (1.0, '')
    >>> rated(ScorerSpec(name="form", kind="json", keys=("age",)), '{"name": "Ada"}')
    (0.0, "'age' is missing")
    """
    why = {"regex": _regex, "json": _json, "length": _length}[scorer.kind](scorer, output)
    return (0.0 if why else 1.0), why


def is_drawn(trace: str, scorer: ScorerSpec) -> bool:
    """Tell whether a trace belongs to the share that is scored: the same one at every look."""
    if scorer.sample >= 1:
        return True
    digest = hashlib.blake2b(f"{scorer.name}/{trace}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < scorer.sample


def _regex(scorer: ScorerSpec, output: str) -> str:
    found = re.search(scorer.pattern, output)
    if scorer.absent:
        return f"it holds {found[0][:100]!r}" if found else ""
    return "" if found else "nothing in it fits"


def _json(scorer: ScorerSpec, output: str) -> str:
    text = output.strip()
    if text.startswith("```"):
        text = text.removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON: {error}"
    if not scorer.keys:
        return ""
    if not isinstance(found, dict):
        return "it is JSON, but no object"
    missing = [key for key in scorer.keys if key not in found]
    return f"'{missing[0]}' is missing" if missing else ""


def _length(scorer: ScorerSpec, output: str) -> str:
    return "" if len(output) <= scorer.length else f"it has {len(output):,} characters"
