"""The version that served before, back in its place."""

from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.core.records import Effect, Intervention
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.changing import restore
from keepwell.operations.playbooks.models.outcomes import FEWEST_TEST, newest_rows
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.versions.serving import VERB, must_be_free, put


class RollBack(Prepared):
    """Puts the version before back, unless it is known to be worse."""

    name: ClassVar[str] = "roll_back"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="version", kind="whole", means="the version to go back to; the one before", least=1
        ),
    )
    undoes: ClassVar[str] = "puts the version that was rolled back in place again"

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return which version would serve, and how both did on the same newest outcomes."""
        from keepwell.operations.build.retraining.comparison import compare

        given = self.read(options)
        record, champion = self.means.served(endpoint)
        must_be_free(record)
        number = given["version"] or record.previous
        if not number or number == champion.version:
            raise NotFoundError(
                f"there is no version to roll '{endpoint}' back to",
                why=f"version {champion.version} is the only one that has served there"
                if not number
                else f"version {number} serves there already",
                now="keepwell models list",
            )
        before = self.means.bench.registry.get(record.model, number)
        rows = newest_rows(self.means, endpoint, champion)
        table = rows.table
        found = None
        if table.num_rows >= FEWEST_TEST:
            found = compare(self.means.bench, before, champion, table)
        step = f"version {number} answers in place of version {champion.version}, at once"
        if found is None:
            reason = (
                f"{table.num_rows:,} outcomes since version {champion.version} was made: too few to tell "
                "which of the two is better"
            )
            return self._plan(step, number, Effect(reason=reason))
        low, high = found.gain.low, found.gain.high
        told = (
            f"{found.metric} of version {number} is {found.challenger:.4g}, and {found.champion:.4g} of "
            f"version {champion.version}, on the same newest {found.rows:,} rows with outcomes"
        )
        if high is not None and high < 0:
            raise ConflictError(
                f"version {number} is known to be worse than version {champion.version}",
                why=f"{told} (difference {found.gain.value:.4g}, 95% interval {low:.4g} to {high:.4g})",
                now="retrain, or name another version: `with: {version: …}`",
            )
        effect = Effect(
            measure=f"metric:{found.metric}",
            before=found.champion,
            after=found.challenger,
            reason=told,
        )
        return self._plan(step, number, effect)

    def _plan(self, step: str, version: int, effect: Effect) -> Plan:
        steps = (
            step,
            "the live endpoint is asked; if it does not answer so, the change is taken back",
        )
        return Plan(steps=steps, predicted=effect, options={"version": version})

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Put it back, and see that it answers."""
        given = self.read(intervention.options)
        record, _ = self.means.served(intervention.endpoint)
        return put(self.means, intervention, given["version"] or record.previous)

    def undo(self, intervention: Intervention) -> None:
        """Put the version that was rolled back in place again."""
        restore(self.means, intervention, VERB)
