"""What people had to do for a release: commands, clicks and calls, told apart by the time between them."""

from collections.abc import Collection, Iterable, Sequence

from keepwell.core.ports import MetadataStore
from keepwell.core.references import Ref

TOGETHER = 60.0
"""Seconds within which what one person does is one step: a command writes several events."""

_KINDS = ("model_version", "alias", "endpoint", "rollout", "intervention")


class Steps:
    """Counts people's steps towards releases.

    Args:
        metadata: The record.
        machines: Actors that are nobody.
    """

    def __init__(self, metadata: MetadataStore, machines: Collection[str]) -> None:
        self._metadata = metadata
        self._machines = frozenset(machines)
        self._acts = [
            (event.time, event.actor, str((event.data or {}).get("endpoint") or event.ref.name))
            for kind in _KINDS
            for event in metadata.events(kind=kind)
            if event.actor not in self._machines
        ]

    def of(
        self, endpoint: str, model: str, version: int, since: float, until: float, *, trained: bool
    ) -> int:
        """Return how many steps led from one time to the deployment at another.

        A training that a person started lasts until its version is registered: what the same command does
        within a minute of that is no other step. With `trained` false the version was there before.
        """
        spans = [*self._training(model, version)] if trained else []
        ours = (endpoint, f"{model}/{version}", f"{model}/champion")
        spans += [
            (actor, time, time)
            for time, actor, subject in self._acts
            if since <= time <= until and subject in ours
        ]
        return sum(_merged([span[1:] for span in spans if span[0] == who]) for who in _whos(spans))

    def _training(self, model: str, version: int) -> Iterable[tuple[str, float, float]]:
        state = self._metadata.read(Ref("model_version", f"{model}/{version}"))
        if state is None or not state.data.get("run"):
            return
        begun = self._metadata.events(ref=Ref("run", str(state.data["run"])), limit=1)
        if begun and begun[0].actor not in self._machines:
            made = float(state.data.get("created") or begun[0].time)
            yield begun[0].actor, begun[0].time, max(begun[0].time, made)


def _whos(spans: Sequence[tuple[str, float, float]]) -> set[str]:
    return {actor for actor, _, _ in spans}


def _merged(spans: Sequence[tuple[float, float]]) -> int:
    """Return how many stretches are left when those that touch within a minute are one.

    >>> _merged([(0.0, 600.0), (630.0, 630.0), (5000.0, 5000.0)])
    2
    """
    count, end = 0, float("-inf")
    for start, stop in sorted(spans):
        if start > end + TOGETHER:
            count += 1
        end = max(end, stop)
    return count
