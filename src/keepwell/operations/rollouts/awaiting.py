"""What a rollout waits for, how long, and what comes next: in words, for whoever looks at it. Pure."""

from dataclasses import dataclass

from keepwell.core.durations import format_duration
from keepwell.core.records import Rollout
from keepwell.operations.rollouts.moves import ENOUGH_PAIRS

_UNSURE = {"advance": "goes on all the same", "abort": "goes back"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What is waited for.

    Attributes:
        what: In words, with how far it is.
        then: What happens next.
        rows: Rows seen so far; None where none are waited for.
        needed: Rows that are needed; None where none are.
        until: When the present hold, watch or interval is over, Unix seconds; None if nobody knows.
    """

    what: str
    then: str
    rows: int | None = None
    needed: int | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The loop's numbers (`operations.loop.policy.Limits`) that a step's length depends on.

    Attributes:
        rows: Answers that a step needs to be judged.
        holds: How many holds a step is held at most.
        unsure: What happens after them: `advance` or `abort`.
    """

    rows: int
    holds: float
    unsure: str


def awaited(
    rollout: Rollout, rows: int, now: float, patience: Patience, *, served: bool
) -> Awaited | None:
    """Return what a rollout waits for; None if for nothing: it has ended, and is not watched.

    Args:
        rollout: The rollout.
        rows: Answers of the present step; where the candidate has no traffic, rows scored by both.
        now: The time.
        patience: How long a step is held for lack of rows.
        served: Whether anybody serves; else nothing moves.
    """
    if rollout.status == "promoted":
        return _after(rollout, now)
    if rollout.status != "running":
        return None
    if not served:
        return Awaited(what="`keepwell up`: nobody serves, so nothing moves", then="it goes on")
    if rollout.stepwise:
        return _step(rollout, rows, now, patience)
    if rollout.strategy == "shadow":
        return _shadow(rollout, rows, now)
    if rollout.strategy == "bandit":
        until = rollout.history[-1].started + rollout.every
        return Awaited(
            what=f"outcomes; shares follow them {_in(until, now)}",
            then="it goes on until you promote one version, or abort",
            until=until,
        )
    return Awaited(
        what="a difference beyond doubt; numbers may be looked at at any time",
        then="it goes on until you promote one version, or abort",
    )


def _step(rollout: Rollout, rows: int, now: float, patience: Patience) -> Awaited:
    current, version = rollout.history[-1], rollout.candidate
    until = current.started + rollout.hold
    longest = current.started + rollout.hold * patience.holds
    following = [step for step in rollout.steps if step > current.percent]
    warming = current.percent == 0
    then = (
        f"everything switches to version {version}"
        if warming
        else f"version {version} gets {following[0]:g}%"
        if following
        else f"version {version} becomes champion"
    )
    who = f"scored by version {version} too" if warming else f"answered by version {version}"
    seen = f"{rows:,} of {patience.rows:,} rows {who}"
    if now < until:
        what = f"{seen}; held for {format_duration(until - now)} more"
    elif rows < patience.rows and now < longest:
        what = f"{seen}; waits for rows for up to {format_duration(longest - now)} more"
        then = f"with fewer it {_UNSURE[patience.unsure]}; {then}"
    elif current.verified is False:  # what was found stands beside the step
        what = f"{seen}; the endpoint to be seen to answer as routed, which is tried again"
    else:
        what = f"{seen}; the next look, within seconds"
    return Awaited(
        what=what, then=then, rows=rows, needed=patience.rows, until=max(until, min(now, longest))
    )


def _shadow(rollout: Rollout, rows: int, now: float) -> Awaited:
    until = rollout.history[-1].started + rollout.hold
    seen = f"{rows:,} of {ENOUGH_PAIRS:,} rows scored by version {rollout.candidate} too"
    left = f"; compares for {format_duration(until - now)} more" if now < until else ""
    return Awaited(
        what=seen + left,
        then="it ends and says how both compare; the champion stays",
        rows=rows,
        needed=ENOUGH_PAIRS,
        until=until,
    )


def _after(rollout: Rollout, now: float) -> Awaited | None:
    watched, kept = rollout.watched_until, rollout.kept_until
    parts = []
    if watched is not None and now < watched:
        parts.append(f"outcomes and errors, for {format_duration(watched - now)} more")
    if kept is not None and now < kept:
        parts.append(f"version {rollout.baseline} stays loaded for {format_duration(kept - now)}")
    if not parts:
        return None
    if watched is None or now >= watched:
        return Awaited(
            what="; ".join(parts), then=f"version {rollout.baseline} is let go of", until=kept
        )
    return Awaited(
        what="; ".join(parts),
        then=f"if version {rollout.candidate} proves worse, version {rollout.baseline} is back",
        until=watched,
    )


def _in(until: float, now: float) -> str:
    return f"in {format_duration(until - now)}" if now < until else "within seconds"
