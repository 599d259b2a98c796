"""How versions are tried and take over: strategies as plans of shares, each step recorded and probed.

`lifecycle` keeps rollouts and changes traffic; `plans` says what each strategy's shares are; `timeline` tells
what served when.
"""

from keepwell.deployment.rollouts.lifecycle import Rollouts

__all__ = ["Rollouts"]
