"""How the demo is timed, and the project it plays with."""

from dataclasses import dataclass

NAME = "harbour"
TARGET = "delivery"
HURRY = """
# The demo lives a day in less than a second, so its monitors and its loop are in a hurry.
train:
  budget: 6s
serve:
  rollout: {strategy: canary, steps: [25, 100], hold: 3s}
monitor:
  window: 5s            # six days, so that a Sunday is no news
  every: 1s
  min_rows: 300
loop:
  retrain:
    on: [drift, performance]
    cooldown: 2s
    min_labels: 4200    # a new model must have seen enough of a new world
    budget: 12s         # half of it to find out which rows to learn from
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long each part of the story is.

    Attributes:
        history: Days that are known when the story begins: what is trained on.
        calm: Days of live traffic before the world changes.
        after: Days of traffic after the recovery, to compare over.
        day_seconds: How long a simulated day takes, at least.
        patience: Seconds after the change until the story ends without a healed model.
    """

    history: int = 35
    calm: int = 8
    after: int = 8
    day_seconds: float = 0.8
    patience: float = 130.0

    @property
    def change(self) -> int:
        """The day on which the world changes."""
        return self.history + self.calm
