"""Merges what the sources of causes say."""

from collections.abc import Callable, Iterable, Sequence

from keepwell.core.records import Cause, Signal
from keepwell.operations.loop.causes.concept import concept_changes
from keepwell.operations.loop.causes.happenings import changes_around, starved_host
from keepwell.operations.loop.causes.inputs import broken_inputs, moved_inputs, moved_together
from keepwell.operations.loop.causes.predictions import moved_predictions
from keepwell.operations.loop.view import View

Source = Callable[[View, Sequence[Signal]], Iterable[Cause]]

SOURCES: tuple[Source, ...] = (
    broken_inputs,
    moved_inputs,
    moved_together,
    concept_changes,
    starved_host,
    changes_around,
    moved_predictions,
)
LONGEST = 6


def rank(view: View, signals: Sequence[Signal]) -> tuple[Cause, ...]:
    """Return the likeliest causes of `signals`, best first, at most six.

    Equal scores keep the order of the sources and of the signals, so the same view ranks the same.
    """
    found = [cause for source in SOURCES for cause in source(view, signals)]
    return tuple(sorted(found, key=lambda cause: -cause.score)[:LONGEST])
