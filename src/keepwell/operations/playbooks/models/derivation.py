"""What playbooks that derive a version have in common: find, prove, derive, judge, put in place."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from keepwell.core.records import Intervention, ModelVersion
from keepwell.operations.loop.retrainings import Comparison
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.changing import change_of, restore
from keepwell.operations.playbooks.models.deriving import Derived, derived_by, judged, register
from keepwell.operations.playbooks.models.outcomes import newest_rows
from keepwell.operations.playbooks.models.proof import must_be_better
from keepwell.operations.playbooks.versions.serving import VERB, must_be_free, put

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What could be derived.

    Attributes:
        comparison: With the champion, on rows that it was not fitted to.
        words: What is done.
        make: Makes what is to be registered.
        tested: Those rows.
    """

    comparison: Comparison
    words: str
    make: Callable[[], Derived]
    tested: "pa.Table"


class Derivation(Prepared):
    """Derives a version from the champion, if that is proven to help, and puts it in place at once."""

    what: ClassVar[str]
    """What is done, as the subject of a sentence."""

    @abstractmethod
    def find(self, endpoint: str, champion: ModelVersion, options: Mapping[str, Any]) -> Found:
        """Return what could be derived; nothing is kept of it."""

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return what it would do to the newest rows, which it was not fitted to."""
        self.check(options)
        record, champion = self.means.served(endpoint)
        must_be_free(record)
        found = self.find(endpoint, champion, options)
        effect = must_be_better(found.comparison, self.what)
        steps = (
            f"a version is derived from version {champion.version}: {found.words}",
            "it must pass its gate against that version, on the newest rows",
            "it answers in that one's place, at once, and is seen to",
        )
        return Plan(steps=steps, predicted=effect, options=dict(options))

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Derive the version, judge it, and put it in place."""
        if change_of(self.means, intervention) is not None:
            return put(self.means, intervention, 0)  # done already: tells what was before
        bench = self.means.bench
        record, champion = self.means.served(intervention.endpoint)
        must_be_free(record)
        known = derived_by(bench, intervention)
        if known is None:
            found = self.find(record.name, champion, intervention.options)
            must_be_better(found.comparison, self.what)
            known = register(bench, champion, found.make(), intervention, found.tested)
        elif known.gate is None:
            _, tested = newest_rows(self.means, record.name, champion).divided()
            known = judged(bench, champion, known, tested)
        return put(self.means, intervention, known.version)

    def undo(self, intervention: Intervention) -> None:
        """Put the version that it was derived from back."""
        restore(self.means, intervention, VERB)
