"""What a regulated model needs before it may go live (`gate.regulated`), and how to come by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepwell.core.errors import GateError
from keepwell.core.records import FairnessView, GateCheck, ModelVersion
from keepwell.operations.insight.fairness import fairness_of
from keepwell.operations.insight.overall import overview_of

if TYPE_CHECKING:
    from keepwell.operations.build.bench import Bench

STATED = ("owner", "intended_use", "out_of_scope", "limits")
"""What a model card of a regulated model must state: nobody can measure it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One thing that has to be there: what it is, and how to get it where it is missing."""

    name: str
    there: bool
    now: str


def papers(bench: "Bench", version: ModelVersion) -> list[Paper]:
    """Return what has to be there, and whether it is."""
    overview = overview_of(bench, version)
    number = version.version
    made = [
        Paper(
            name="global explanation",
            there=overview is not None and bool(overview.permutation or overview.strength),
            now=f"keepwell explain --global --version {number}",
        )
    ]
    views = fairness_of(bench, version)
    spec = bench.spec
    named = [*spec.fairness.columns, *([spec.gate.fairness.by] if spec.gate.fairness else ())]
    made += [
        Paper(
            name=f"fairness view of {column}",
            there=_looked_at(views, column),
            now=f"keepwell models fairness {number} --by {column}",
        )
        for column in dict.fromkeys(named)
    ]
    lacking = [key for key in STATED if not getattr(spec.card, key)]
    told = ", ".join(f"{key}: …" for key in lacking)
    made.append(
        Paper(
            name="model card",
            there=not lacking,
            now=f"state it in keepwell.yaml: card: {{{told}}}",
        )
    )
    return made


def regulated_checks(bench: "Bench", version: ModelVersion) -> tuple[GateCheck, ...]:
    """Return the checks of the gate of a regulated project."""
    return tuple(
        GateCheck(
            name=f"regulated: {paper.name}",
            passed=paper.there,
            value=float(paper.there),
            limit=1.0,
            detail="is there"
            if paper.there
            else f"the {paper.name} is missing; {paper.now}; then keepwell run",
        )
        for paper in papers(bench, version)
    )


def demand_papers(bench: "Bench", version: ModelVersion) -> None:
    """Refuse a version of a regulated project that lacks its papers.

    Raises:
        GateError: Names the first that is missing, and how to get it.
    """
    if not bench.spec.gate.regulated:
        return
    missing = [paper for paper in papers(bench, version) if not paper.there]
    if missing:
        raise GateError(
            f"{version.key} may not go live without its {missing[0].name}",
            why="the project is regulated (gate.regulated), which nobody can force",
            now=missing[0].now,
            details={"missing": [paper.name for paper in missing]},
        )


def _looked_at(views: Sequence[FairnessView], column: str) -> bool:
    """A view counts if its rows carried the column, even if its groups are too small to compare."""
    return any(view.column == column and (view.groups or view.small) for view in views)
