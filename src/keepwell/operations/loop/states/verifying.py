"""The challenger is champion: it is healed when that is seen, not before."""

from keepwell.core.durations import format_duration
from keepwell.core.records import Incident
from keepwell.operations.loop.actions import Action, CloseIncident, Wait
from keepwell.operations.loop.conditions import news
from keepwell.operations.loop.evidence import of_live, of_view
from keepwell.operations.loop.view import LiveMetric, Look, View


def next_actions(view: View, now: float) -> tuple[Action, ...]:
    """Return whether the incident is healed, has failed, or must be watched further.

    Healed is either of: outcomes enough for the new champion, its live metric better than the old
    champion's last one, and no performance signal; or, where only inputs had moved and too few
    outcomes came, those signals gone at enough looks with enough rows.
    """
    incident = view.incident
    if incident is None:
        return ()
    if view.champion.version != incident.candidate:
        why = f"version {view.champion.version} took the place of version {incident.candidate}"
        return (_failed(view, incident, f"{why} before it was seen to help", now),)
    promoted = float(incident.evidence.get("promoted", incident.opened))
    since = view.moment(promoted, now)
    looks = tuple(
        look for look in view.looks if look.time > since and look.version == incident.candidate
    )
    proof = _by_metric(view, incident, looks) or _by_quiet(view, incident, looks)
    if proof:
        return (_healed(view, incident, proof, now),)
    deadline = view.policy.verify_deadline
    if view.watched(promoted, now) < deadline:
        reason = f"version {incident.candidate} has {format_duration(deadline)} to be seen helping"
        return (Wait(reason=reason, evidence=of_view(view)),)
    return (_failed(view, incident, _shortfall(view, looks, deadline), now),)


def _by_metric(view: View, incident: Incident, looks: tuple[Look, ...]) -> str:
    live = looks[-1].live if looks else None
    if live is None or live.version != incident.candidate:
        return ""
    if live.rows < view.policy.monitor.min_rows or _performance(looks[-1]):
        return ""
    broken = _broken(incident)
    if broken is not None and view.direction * (live.value.value - broken) < 0:
        return ""
    return f"{live.name} is {live.value.value:.4f} on {live.rows:,} rows with outcomes" + (
        f", it was {broken:.4f}" if broken is not None else ""
    )


def _by_quiet(view: View, incident: Incident, looks: tuple[Look, ...]) -> str:
    needed = view.policy.limits.looks
    last = looks[-needed:]
    if len(last) < needed or any(s.kind == "performance" for s in incident.signals):
        return ""
    live, min_rows = last[-1].live, view.policy.monitor.min_rows
    if live is not None and live.rows >= min_rows:
        return ""  # then the metric speaks
    watched = {(signal.kind, signal.column) for signal in incident.signals}
    gone = all(
        look.rows >= min_rows
        and not _performance(look)
        and not watched & {(signal.kind, signal.column) for signal in look.signals}
        for look in last
    )
    return f"the signals are gone at {needed} looks, {last[-1].rows:,} rows" if gone else ""


def _healed(view: View, incident: Incident, proof: str, now: float) -> CloseIncident:
    remaining = news(view, now)
    still = f" {len(remaining)} signal(s) remain and do no harm." if remaining else ""
    return CloseIncident(
        reason=proof,
        evidence={**of_view(view), "healed": of_live(view.live), "broken": _broken(incident)},
        resolution="healed",
        summary=f"Version {incident.candidate} was promoted and helps: {proof}.{still}",
        accepted=remaining,
    )


def _failed(view: View, incident: Incident, why: str, now: float) -> CloseIncident:
    return CloseIncident(
        reason=why,
        evidence={**of_view(view), "broken": _broken(incident)},
        resolution="failed",
        summary=f"{why[:1].upper()}{why[1:]}. Version {view.champion.version} serves.",
        accepted=news(view, now),
        accepted_until=now + view.policy.rest,
    )


def _shortfall(view: View, looks: tuple[Look, ...], deadline: float) -> str:
    live: LiveMetric | None = looks[-1].live if looks else None
    rows = live.rows if live else 0
    within = f"within {format_duration(deadline)} of its promotion"
    needed = view.policy.monitor.min_rows
    if rows < needed:
        return f"it was not seen to help {within}: {rows:,} of {needed:,} outcomes came"
    value = f"{live.name} is {live.value.value:.4f}" if live else "no metric"
    return f"it did not help {within}: {value} on {rows:,} rows"


def _broken(incident: Incident) -> float | None:
    value = incident.evidence.get("broken")
    return float(value) if isinstance(value, int | float) else None


def _performance(look: Look) -> bool:
    return any(signal.kind == "performance" for signal in look.signals)
