"""Switches of an endpoint that need no deployment: kill switch, cohort rules, fallback, time limit.

`expressions` and `parsing` are the language of conditions; `steps` reads rules and fallbacks; `live` and
`answering` are what a worker answers by (so nothing here loads more than a worker needs); `switchboard`
changes flags in the record; `evaluation` shows them in OpenFeature's words.
"""

from keepwell.deployment.flags.parsing import ConditionError, parse
from keepwell.deployment.flags.steps import read_fallback, read_rule

__all__ = ["ConditionError", "parse", "read_fallback", "read_rule"]
