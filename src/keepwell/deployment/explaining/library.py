"""Explainers of registered versions, the latest used kept in memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Bundle, ModelVersion, Profile
from keepwell.deployment.explaining.counterfactual import Candidates
from keepwell.deployment.explaining.explainer import Explainer
from keepwell.deployment.explaining.typical import typical_rows

KEPT = 8

Read = Callable[[Bundle, str], bytes]


class Explainers:
    """Loads explainers when they are asked for. Safe for several threads.

    Args:
        read: Gives a file of a bundle, verified.
        profile: Gives the statistics of a version's training data; refuses where it has none.
    """

    def __init__(self, read: Read, profile: Callable[[ModelVersion], Profile]) -> None:
        self._read = read
        self._profile = profile
        self._kept: OrderedDict[str, tuple[Explainer, Profile | None]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, version: ModelVersion) -> Explainer:
        """Return the explainer of a version."""
        return self._of(version)[0]

    def candidates(self, version: ModelVersion, fixed: Collection[str] = ()) -> Candidates:
        """Return what a row of a version may be changed to, with some columns left as they are."""
        return Candidates(version.signature, self._of(version)[1], fixed)

    def _of(self, version: ModelVersion) -> tuple[Explainer, Profile | None]:
        with self._lock:
            found = self._kept.get(version.key)
            if found is None:
                found = self._load(version)
                self._kept[version.key] = found
            self._kept.move_to_end(version.key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found

    def _load(self, version: ModelVersion) -> tuple[Explainer, Profile | None]:
        try:
            profile: Profile | None = self._profile(version)
        except KeepwellError:  # a version without a profile is explained against its example row
            profile = None
        typical = typical_rows(version.signature, profile)
        made = Explainer.load(
            lambda name: self._read(version.bundle, name), version.signature, typical
        )
        return made, profile
