"""What retrainings take, over all endpoints."""

from collections.abc import Callable

from keepwell.core.clock import Clock
from keepwell.core.ports import MetadataStore
from keepwell.core.references import Ref
from keepwell.operations.build.retraining_record import RetrainingRecord, results
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.retrainings import RetrainingResult
from keepwell.operations.loop.view import TrainingUse


class TrainingMeter:
    """Counts the seconds that retrainings really took, and those that train now.

    Args:
        metadata: The record.
        incidents: Which retrainings were decided.
        result: Says how far a retraining is, by its key.
        clock: The time.
    """

    def __init__(
        self,
        metadata: MetadataStore,
        incidents: Incidents,
        result: Callable[[str], RetrainingResult | None],
        clock: Clock,
    ) -> None:
        self._metadata = metadata
        self._results = results(metadata)
        self._incidents = incidents
        self._result = result
        self._clock = clock

    def use(self, endpoint: str, per: float) -> TrainingUse:
        """Return what other endpoints train now, and what all of them used within the last `per`."""
        others = [
            one
            for one in self._incidents.retrainings()
            if one.endpoint != endpoint and not one.settled
        ]
        running = sum(self._trains(one.key) for one in others)
        return TrainingUse(running=running, used=self.used(per))

    def used(self, per: float) -> float:
        """Return the seconds of training within the last `per`."""
        now = self._clock.now()
        return sum(
            self._seconds(record, now)
            for record in self._results.find()
            if now - record.request.decided < per
        )

    def _trains(self, key: str) -> bool:
        found = self._result(key)
        return found is None or found.status == "running"

    def _seconds(self, record: RetrainingRecord, now: float) -> float:
        if record.result.seconds:
            return record.result.seconds
        events = self._metadata.events(ref=Ref("retraining_result", record.key))
        times = [event.time for event in events]
        if not times:
            return 0.0
        end = now if record.result.status == "running" else times[-1]
        return max(0.0, end - times[0])
