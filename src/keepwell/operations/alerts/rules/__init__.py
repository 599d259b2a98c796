"""Rules: each looks at a `Reading` and yields what it finds. One file a kind.

A rule is a frozen value with a method `find`; `rules_of` makes them from the project file, the built-in
ones first.
"""

from collections.abc import Sequence
from pathlib import Path

from keepwell.core.alerting import AlertsSpec, RuleSpec
from keepwell.operations.alerts.rules.absence import Absence
from keepwell.operations.alerts.rules.base import Rule
from keepwell.operations.alerts.rules.comparison import Comparison
from keepwell.operations.alerts.rules.incidents import Incidents
from keepwell.operations.alerts.rules.machine import Disk, Workers
from keepwell.operations.alerts.rules.own import Own
from keepwell.operations.alerts.rules.signals import Elsewhere, Signals
from keepwell.operations.alerts.rules.threshold import Threshold

__all__ = ["BUILTIN", "Rule", "rules_of"]

BUILTIN: Sequence[Rule] = (Incidents(), Elsewhere(), Workers(), Disk())
"""The rules that hold without any."""


def rules_of(spec: AlertsSpec, root: Path) -> tuple[Rule, ...]:
    """Return the rules of a project."""
    own = [_rule(one, root) for one in spec.rules]
    return (*(BUILTIN if spec.builtin else ()), *own)


def _rule(spec: RuleSpec, root: Path) -> Rule:
    if spec.python:
        return Own(spec=spec, root=root)
    if spec.signal:
        return Signals(spec=spec)
    if spec.absent is not None:
        return Absence(spec=spec)
    if spec.above is not None or spec.below is not None:
        return Threshold(spec=spec)
    return Comparison(spec=spec)
