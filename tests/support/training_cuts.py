"""A run that is killed while it compares, and run again."""

from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training import Past, Trained, train
from keepwell.training.search.store import MemoryStore


class PowerCut(BaseException):
    """Ends a process: nobody answers it."""


class MortalStore(MemoryStore):
    """Keeps so many documents before the lights go out; what was written is there afterwards."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    def write(self, key: str, data: bytes) -> None:
        super().write(key, data)
        self.left -= 1
        if self.left == 0:
            raise PowerCut


def cut(world: World, data: DataSpec, spec: TrainSpec, *, after: int) -> MortalStore:
    """Return what is left of a run that was killed after so many fits, each with the seconds spent."""
    store = MortalStore(2 * after)
    try:
        train(*world, data, spec, past=Past(store=store))
    except PowerCut:
        return store
    raise AssertionError(f"the run ended before it had done {after} fits")


def resumed(world: World, data: DataSpec, spec: TrainSpec, store: MortalStore) -> Trained:
    """Run it again."""
    return train(*world, data, spec, past=Past(store=store))


def taken_over(trained: Trained) -> int:
    """Return how many fits were taken over, by what the run says."""
    told = [one.message for one in trained.findings if "taken over" in one.message]
    return int(told[0].split(": ")[1].split()[0]) if told else 0
