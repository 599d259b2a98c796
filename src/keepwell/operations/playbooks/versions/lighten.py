"""A lighter variant of the champion, or smaller requests, while the load lasts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.records import Effect, Intervention, ModelVersion
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.changing import change, change_of, restore
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.versions.serving import VERB, must_be_free, put

if TYPE_CHECKING:
    from keepwell.operations.lighter import LighterVariant

LATENCY = "latency_p95_ms"


class Lighten(Prepared):
    """Answers by the fastest lighter variant that passed its gate; or takes fewer rows at a time."""

    name: ClassVar[str] = "lighten"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="max_loss",
            kind="share",
            means="share of the champion's metric that may be lost",
            default=0.005,
            least=0.0,
            most=0.5,
        ),
        Option(
            name="rows", kind="whole", means="rows that one request may have meanwhile", least=1
        ),
        Option(
            name="variant",
            kind="flag",
            means="answer by a lighter variant; false to lower `rows` alone",
            default=True,
        ),
        Option(
            name="version", kind="whole", means="the variant; the fastest within the loss", least=1
        ),
    )
    undoes: ClassVar[str] = "puts the champion back in its place, and lifts the limit on rows"

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain about options that leave nothing to do."""
        given = self.read(options)
        if not given["variant"] and given["rows"] is None:
            raise UsageError(
                "the playbook 'lighten' has nothing to do",
                why="`variant: false` answers by the champion, and no `rows` are given",
                now="write for example `with: {variant: false, rows: 1000}`",
            )

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return which variant would answer, and how much faster it was measured to be."""
        from keepwell.operations.lighter.words import told

        self.check(options)
        given = self.read(options)
        record, champion = self.means.served(endpoint)
        steps: list[str] = []
        effect = Effect(measure=LATENCY, before=self.means.latest(endpoint, LATENCY))
        chosen = {name: value for name, value in given.items() if value is not None}
        if given["variant"]:
            must_be_free(record)
            best = self._variant(champion, given)
            evidence, number = best.evidence, best.version.version
            chosen["version"] = number
            steps.append(
                f"version {number}, a lighter variant of version {champion.version} ({evidence.form}), "
                "answers in its place"
            )
            effect = replace(effect, reason=told(evidence))
        if given["rows"] is not None:
            steps.append(
                f"a request may have {given['rows']:,} rows; longer ones are refused in words"
            )
        steps.append("once the load is over, the champion answers again, and without that limit")
        return Plan(steps=tuple(steps), predicted=effect, temporary=True, options=chosen)

    def _variant(self, champion: ModelVersion, given: Mapping[str, Any]) -> "LighterVariant":
        from keepwell.operations.lighter import lighter_variants

        known = lighter_variants(self.means.bench, champion)
        within = [
            one
            for one in known
            if one.evidence.loss.value <= given["max_loss"] * abs(one.evidence.before)
            and given["version"] in (None, one.version.version)
        ]
        if within:
            return within[0]
        raise NotFoundError(
            f"there is no lighter variant of {champion.key} that may answer",
            why=f"{len(known)} passed their gate, none of them loses at most {given['max_loss']:.3g} of "
            "the metric"
            if known
            else "none was made yet that passed its gate",
            now="make one before the load comes: a rule with `do: compress`, or allow a larger `max_loss`",
        )

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Put the variant in place, and lower the limit, in one change."""
        given = self.read(intervention.options)
        done = change_of(self.means, intervention)
        if done is not None:
            return {"before": done.before.champion, "rows": done.before.most_rows}
        record, champion = self.means.served(intervention.endpoint)
        limit: dict[str, Any] = {} if given["rows"] is None else {"most_rows": given["rows"]}
        if given["variant"]:
            best = given["version"] or self._variant(champion, given).version.version
            put(self.means, intervention, best, **limit)
        else:
            change(self.means, intervention, lambda now: replace(now, **limit), "limited")
        return {"before": champion.version, "rows": record.most_rows}

    def undo(self, intervention: Intervention) -> None:
        """Put the champion back, and lift the limit, as far as nobody else changed them."""
        restore(self.means, intervention, VERB)
