"""A column that broke upstream is not believed: the model's own way with gaps answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.core.records import (
    ColumnType,
    Effect,
    Endpoint,
    Field,
    Intervention,
    ModelVersion,
    Quarantined,
)
from keepwell.core.suggestions import did_you_mean
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.changing import change, restore
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.switches.with_and_without import with_and_without

if TYPE_CHECKING:
    from keepwell.operations.loop.retrainings import Comparison

_MEDIAN = 4  # of a profile's quantiles: 0, 1, 5, 25, 50 …


class Quarantine(Prepared):
    """Takes a column as missing while a break upstream lasts; where a gap was never learnt, as usual."""

    name: ClassVar[str] = "quarantine"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="column",
            kind="text",
            means="the column; the one of which the monitor says that it arrives damaged",
        ),
    )
    undoes: ClassVar[str] = "believes the column again"

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return what would stand in the column's place, and what that does to rows with outcomes."""
        given = self.read(options)
        record, champion = self.means.served(endpoint)
        column = given["column"] or self._damaged(endpoint, champion)
        field = _input(champion, column)
        if any(one.column == column for one in record.quarantined):
            raise ConflictError(
                f"'{column}' of '{endpoint}' is in quarantine already",
                why="it was put there before, and is still there",
                now="nothing has to be done; undo it once the column is right again",
            )
        value = self._stand_in(champion, field)
        taken = (
            "taken as missing, and the model's own way with gaps answers"
            if value is None
            else f"taken as {value!r}, what is usual in the training data: the model never learnt a gap there"
        )
        effect = self._effect(endpoint, champion, column, value)
        steps = (
            f"what is sent as '{column}' is {taken}",
            "the log keeps what was sent, marked, and the monitors go on looking at that",
            "once the column arrives undamaged for a while, it is believed again",
        )
        return Plan(steps=steps, predicted=effect, temporary=True, options={"column": column})

    def _damaged(self, endpoint: str, champion: ModelVersion) -> str:
        """Return the column that the latest report says is damaged, the gravest first."""
        report = self.means.measurements.read_report(f"endpoint:{endpoint}") or {}
        found = [
            one
            for one in report.get("signals", ())
            if one.get("column") and champion.signature.input(one["column"]) is not None
        ]
        kinds = ("quality", "drift")
        for kind in kinds:
            of_kind = [one for one in found if one.get("kind") == kind]
            if of_kind:
                return str(max(of_kind, key=lambda one: one.get("severity", 0.0))["column"])
        raise NotFoundError(
            f"no column of '{endpoint}' arrives damaged",
            why="the monitor's latest report names none",
            now="say which one: `with: {column: …}`",
        )

    def _stand_in(self, champion: ModelVersion, field: Field) -> str | int | float | bool | None:
        """Return what is usual in the training data, where the model cannot take a gap; else None."""
        if not field.required:
            return None
        known = self.means.bench.registry.profile(champion).column(field.name)
        if known is not None and known.top:
            usual = known.top[0][0]
            return usual == "true" if field.type is ColumnType.BOOLEAN else usual
        if known is not None and len(known.quantiles) > _MEDIAN:
            median = known.quantiles[_MEDIAN]
            return round(median) if field.type is ColumnType.INTEGER else median
        if field.example is not None:
            return field.example
        raise NotFoundError(
            f"nothing can stand in the place of '{field.name}'",
            why="the model needs a value there, and the training data's profile has none that is usual",
            now="roll back to a version that does without it, or fall back: `do: fall_back`",
        )

    def _effect(self, endpoint: str, champion: ModelVersion, column: str, value: Any) -> Effect:
        share = champion.importance.get(column)
        weight = "" if share is None else f"; '{column}' has {share:.0%} of the model's importance"
        found = with_and_without(self.means, endpoint, champion, {column: value})
        if isinstance(found, str):
            return Effect(reason=f"{found}{weight}")
        told = _told(found, column)
        low, high = found.gain.low, found.gain.high
        if high is not None and high < 0:
            raise ConflictError(
                f"without '{column}' the model answers worse than with what is sent",
                why=f"{told} (95% interval of the gain {low:.4g} to {high:.4g})",
                now="nothing is changed; if the column is broken all the same, tell whoever sends it",
            )
        return Effect(
            measure=f"metric:{found.metric}",
            before=found.champion,
            after=found.challenger,
            reason=told + weight,
        )

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Take the column as missing, on every worker; they follow within a second."""
        given = self.read(intervention.options)
        endpoint = intervention.endpoint

        def wish(now: Endpoint) -> Endpoint:
            _, champion = self.means.served(endpoint)
            column = given["column"] or self._damaged(endpoint, champion)
            field = _input(champion, column)
            if any(one.column == column for one in now.quarantined):
                return now
            one = Quarantined(
                column=column,
                value=self._stand_in(champion, field),
                since=self.means.bench.clock.now(),
                reason=intervention.reason,
            )
            return replace(now, quarantined=(*now.quarantined, one))

        done = change(self.means, intervention, wish, "quarantined")
        return {"columns": [one.column for one in done.before.quarantined]}

    def undo(self, intervention: Intervention) -> None:
        """Believe the column again."""
        restore(self.means, intervention, "believed")


def _input(champion: ModelVersion, column: str) -> Field:
    field = champion.signature.input(column)
    if field is not None:
        return field
    names = [item.name for item in champion.signature.inputs]
    raise NotFoundError(
        f"'{column}' is no column of {champion.key}",
        why=f"it takes {', '.join(names[:20])}",
        now=did_you_mean(column, names) or "name one of them",
    )


def _told(found: "Comparison", column: str) -> str:
    return (
        f"{found.metric} of the newest {found.rows:,} rows with outcomes is {found.champion:.4g} with "
        f"'{column}' as it was sent, and {found.challenger:.4g} without it"
    )
