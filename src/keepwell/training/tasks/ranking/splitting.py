"""Which events are set aside: each user's last ones, or all since a moment."""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.training.tasks.ranking.events import Events

if TYPE_CHECKING:
    from numpy.typing import NDArray


def last_of_each(events: Events, share: float) -> "NDArray[np.bool_]":
    """Return which events are among the last of their user: a share, at least one, never all."""
    counts = np.bincount(events.user, minlength=len(events.users))
    order = np.argsort(events.user, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.empty(len(events), dtype=np.int64)
    place[order] = np.arange(len(events)) - np.repeat(starts, counts)
    wanted = np.where(counts > 1, np.clip(np.round(counts * share), 1, counts - 1), 0)
    return np.asarray(place >= (counts - wanted)[events.user])


def since_a_moment(events: Events, share: float) -> "NDArray[np.bool_]":
    """Return which events are the latest of all."""
    moment = np.quantile(events.times, 1 - share)
    return np.asarray(events.times > moment)


def set_aside(events: Events, share: float, *, by_time: bool) -> "NDArray[np.bool_]":
    """Return the events for the test.

    Raises:
        TrainingError: If none can be set aside, or none is left.
    """
    held = since_a_moment(events, share) if by_time else last_of_each(events, share)
    if not held.any():
        raise TrainingError(
            "no event can be set aside to test on",
            why="all happened at the same moment"
            if by_time
            else "no user took two different items",
            now="remove `by: time` under `train: split:`"
            if by_time
            else "load the earlier events of the users too",
        )
    if len(np.unique(events.item[~held])) < 2:  # noqa: PLR2004
        raise TrainingError(
            "no events are left to learn from once the test ones are set aside",
            why=f"{int((~held).sum()):,} of {len(events):,} remain, of one item or none",
            now="load more events, or lower `test:` under `train: split:`",
        )
    return held
