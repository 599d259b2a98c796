"""What is taken out of a step before it is kept."""

import re
from dataclasses import replace
from typing import Any

from keepwell.core.spec.tracing import TracesSpec
from keepwell.monitoring.traces.span import Span

BLOT = "[redacted]"
_TEXTS = ("input", "output", "attributes", "error", "name", "user", "session")


class Redaction:
    """Takes out of steps what `traces.content` and `traces.redact` forbid.

    Args:
        spec: The project's section.

    >>> redaction = Redaction(TracesSpec(redact=(r"[0-9]{4}",)))
    >>> redaction.of(Span(trace="", id="", app="a", time=0.0, input="card 1234", output="ok")).input
    'card [redacted]'
    """

    def __init__(self, spec: TracesSpec) -> None:
        self._content = spec.content
        self._patterns = [re.compile(text) for text in spec.redact]

    def of(self, span: Span) -> Span:
        """Return the step without it."""
        if not self._content:
            span = replace(span, input="", output="", attributes="{}")
        if not self._patterns:
            return span
        changed: dict[str, Any] = {name: self._without(getattr(span, name)) for name in _TEXTS}
        return replace(span, **changed)

    def _without(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(BLOT, text)
        return text
