"""How fast trouble is found, taken on and healed, and how releasing goes: from the one log of events.

DORA's four (deployment frequency, lead time, change-failure rate, time to restore) are counted over all
endpoints: a deployment is a change of champion; its lead time runs from the start of the training that
made the version; it failed if it was taken back, or if an incident there began within `FAILED_WITHIN`
seconds of it, or names it as its likeliest cause, before anything else was deployed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any

from keepwell.core.ports import MetadataStore
from keepwell.core.records import Incident
from keepwell.core.references import Ref
from keepwell.operations.incidents.steps import Steps
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.postmortem import time_to_detect

WEEK = 7 * 86400.0
FAILED_WITHIN = 3600.0
RESTORED = ("healed", "recovered")
_BY_ITSELF = ("loop", "system", "rollouts", "alerts", "schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A version that became champion.

    Attributes:
        lead: Seconds from the start of its training; None where that is not known.
        failed: Why it counts as failed; empty if it does not.
        by: Who did it.
        steps: What people had to do for it, since the training of its version or the deployment before.
    """

    time: float
    endpoint: str
    model: str
    version: int
    by: str
    lead: float | None = None
    failed: str = ""
    steps: int = 0

    @property
    def by_itself(self) -> bool:
        """Whether nobody had to do anything."""
        return self.by in _BY_ITSELF


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week's figures; None where there was nothing to measure."""

    start: float
    deployments: int
    failures: int
    incidents: int
    lead: float | None
    detect: float | None
    acknowledge: float | None
    recover: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a period says; durations are medians in seconds, None where there was nothing to measure.

    Attributes:
        since: Its start.
        until: Its end.
        deployments: Changes of champion.
        per_week: How many a week.
        by_itself: Share of them that nobody had to do.
        steps: What people had to do for each, on average.
        lead: From the start of a training to its version's deployment.
        failure_rate: Share of deployments that failed.
        incidents: How many were opened.
        open: How many are open now.
        healed: How many were healed or recovered.
        detect: From the first affected row to the opening.
        acknowledge: From the opening to somebody taking it on.
        recover: From the opening to the end of what was healed: DORA's time to restore.
        weeks: The same by week, oldest first.
        list: The deployments, newest first.
    """

    since: float
    until: float
    deployments: int
    per_week: float
    by_itself: float | None
    steps: float | None
    lead: float | None
    failure_rate: float | None
    incidents: int
    open: int
    healed: int
    detect: float | None
    acknowledge: float | None
    recover: float | None
    weeks: tuple[Week, ...] = ()
    list: tuple[Deployment, ...] = ()


def figures(
    metadata: MetadataStore,
    incidents: Incidents,
    now: float,
    *,
    days: float = 28.0,
    endpoint: str = "",
) -> Figures:
    """Return the figures of the last `days`, of one endpoint or of all."""
    since = now - days * 86400.0
    all_incidents = incidents.find(endpoint)
    deployed = [
        one
        for one in deployments(metadata, all_incidents)
        if one.time >= since and endpoint in ("", one.endpoint)
    ]
    mine = [one for one in all_incidents if since <= one.opened <= now]
    return Figures(
        since=since,
        until=now,
        deployments=len(deployed),
        per_week=len(deployed) / (days / 7),
        by_itself=_share([one.by_itself for one in deployed]),
        steps=fmean([one.steps for one in deployed]) if deployed else None,
        lead=_middle(one.lead for one in deployed),
        failure_rate=_share([bool(one.failed) for one in deployed]),
        incidents=len(mine),
        open=sum(one.status != "closed" for one in all_incidents),
        healed=sum(one.resolution in RESTORED for one in mine),
        detect=_middle(time_to_detect(one) for one in mine if one.detected),
        acknowledge=_middle(_to_acknowledge(one) for one in mine),
        recover=_middle(_to_recover(one) for one in mine),
        weeks=tuple(_weeks(deployed, mine, since, now)),
        list=tuple(sorted(deployed, key=lambda one: -one.time)),
    )


def deployments(metadata: MetadataStore, incidents: Sequence[Incident]) -> list[Deployment]:
    """Return every change of champion, oldest first, each with how it fared."""
    found: list[Deployment] = []
    champions: dict[str, int] = {}
    back: dict[int, str] = {}
    starts: dict[str, float | None] = {}
    steps = Steps(metadata, _BY_ITSELF)
    for event in metadata.events(kind="endpoint"):
        data = event.data or {}
        routes = [one for one in data.get("routes", ()) if isinstance(one, dict)]
        champion = next((one["version"] for one in routes if one.get("role") == "champion"), None)
        name = event.ref.name
        if champion is None or champions.get(name) == champion:
            continue
        earlier = [one for one in found if one.endpoint == name]
        if earlier and any(one.version == champion for one in earlier):
            back[found.index(earlier[-1])] = f"taken back to version {champion}"
        champions[name] = champion
        model = str(data.get("model", name))
        key = f"{model}/{champion}"
        if key not in starts:
            starts[key] = _started(metadata, key)
        start = starts[key]
        fresh = all(one.version != champion for one in earlier)
        before = earlier[-1].time if earlier else 0.0
        since = min(start, event.time) if start is not None and fresh else before
        found.append(
            Deployment(
                time=event.time,
                endpoint=name,
                model=model,
                version=champion,
                by=event.actor,
                lead=max(0.0, event.time - start) if start is not None and fresh else None,
                steps=steps.of(
                    name, model, champion, max(since, before + 1e-6), event.time, trained=fresh
                ),
            )
        )
    return [
        _judged(one, found[at + 1 :], incidents, back.get(at, "")) for at, one in enumerate(found)
    ]


def _judged(
    one: Deployment, later: Sequence[Deployment], incidents: Sequence[Incident], back: str
) -> Deployment:
    following = [item.time for item in later if item.endpoint == one.endpoint]
    end = min(following, default=float("inf"))
    if back:
        return replace(one, failed=back)
    for incident in incidents:
        began = incident.detected or incident.opened
        if incident.endpoint != one.endpoint or not one.time < began <= end:
            continue
        blamed = bool(incident.causes) and incident.causes[0].title.startswith("deployment")
        if blamed or began - one.time <= FAILED_WITHIN:
            return replace(one, failed=incident.title)
    return one


def _started(metadata: MetadataStore, key: str) -> float | None:
    state = metadata.read(Ref("model_version", key))
    if state is None:
        return None
    run = metadata.read(Ref("run", str(state.data.get("run") or "-")))
    if run is not None and run.data.get("started"):
        return float(run.data["started"])
    return float(state.data["created"]) if state.data.get("created") else None


def _weeks(
    deployed: Sequence[Deployment], incidents: Sequence[Incident], since: float, now: float
) -> Iterable[Week]:
    count = max(1, round((now - since) / WEEK))
    for number in range(count):
        start = now - (count - number) * WEEK
        end = start + WEEK
        mine = [one for one in deployed if start <= one.time < end]
        opened = [one for one in incidents if start <= one.opened < end]
        yield Week(
            start=start,
            deployments=len(mine),
            failures=sum(bool(one.failed) for one in mine),
            incidents=len(opened),
            lead=_middle(one.lead for one in mine),
            detect=_middle(time_to_detect(one) for one in opened if one.detected),
            acknowledge=_middle(_to_acknowledge(one) for one in opened),
            recover=_middle(_to_recover(one) for one in opened),
        )


def _to_acknowledge(incident: Incident) -> float | None:
    if incident.acknowledged is None:
        return None
    return max(0.0, incident.acknowledged - incident.opened)


def _to_recover(incident: Incident) -> float | None:
    if incident.closed is None or incident.resolution not in RESTORED:
        return None
    return max(0.0, incident.closed - incident.opened)


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None


def _share(flags: Sequence[Any]) -> float | None:
    return sum(map(bool, flags)) / len(flags) if flags else None
