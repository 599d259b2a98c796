"""`keepwell monitor performance`, `kpis`, `objectives`, `fairness` and `advice`: how an endpoint stands."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.options import HERE, AsJson, OfEndpoint, ProjectFolder, open_workspace
from keepwell.cli.output import Output
from keepwell.cli.tables import standing as tables

if TYPE_CHECKING:
    from keepwell.operations.standing import Standing

Now = Annotated[
    bool, typer.Option("--now", help="Look now, rather than tell of the last look of keepwell up.")
]


Tell = Callable[[Output, "Standing"], None]
Shorten = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _panel(tell: Tell, shorten: Shorten, told: str) -> Callable[..., None]:
    """Return a command that shows one part of how an endpoint stands; all of them take the same options."""

    def command(
        now: Now = False,
        endpoint: OfEndpoint = "",
        project: ProjectFolder = HERE,
        as_json: AsJson = False,
    ) -> None:
        _answer(project, endpoint, tell, shorten, now=now, as_json=as_json)

    command.__doc__ = told
    return command


def _answer(
    project: Path,
    endpoint: str,
    tell: Tell,
    shorten: Shorten,
    *,
    now: bool,
    as_json: bool,
) -> None:
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.standing import standing_of

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name = endpoint or workspace.spec.endpoint
        if endpoint:
            workspace.endpoints.read(endpoint)
        if now:
            workspace.collector.collect()
            standing = workspace.standings.look(name)
        else:
            standing = standing_of(workspace.measurements, name)
    plain = to_plain(standing) if standing is not None else None
    document = None if plain is None else {"time": plain["time"], **shorten(plain)}

    def say() -> None:
        if standing is None:
            out.say(f"nobody has looked yet at how '{name}' stands")
            out.say("next  keepwell up looks every half minute; --now looks now", style="cyan")
        else:
            tell(out, standing)

    out.answer({"endpoint": name, "standing": document}, say)


def _of_performance(plain: Mapping[str, Any]) -> dict[str, Any]:
    names = ("version", "metric", "promised", "method", "note", "delays", "tracks", "points")
    return {name: plain[name] for name in names}


def _of_objectives(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {"objectives": plain["budgets"], "uptime": plain["uptime"]}


def _of_fairness(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain[name] for name in ("watched", "groups", "slices")}


performance = _panel(
    tables.performance,
    _of_performance,
    "Show performance by period: what outcomes say so far, and what was estimated before they came.",
)
kpis = _panel(
    tables.kpis,
    lambda plain: {"kpis": plain["kpis"]},
    "Show the numbers that the business goes by (monitor.kpis), by period and version.",
)
objectives = _panel(
    tables.objectives,
    _of_objectives,
    "Show the service levels (monitor.objectives): budget left, burn rates, uptime.",
)
fairness = _panel(
    tables.fairness,
    _of_fairness,
    "Show how groups are treated by period (monitor.fairness), and where the model is worst.",
)
advice = _panel(
    tables.advice,
    lambda plain: {"advice": plain["advice"]},
    "Say whether to retrain now or to wait, with the evidence.",
)
