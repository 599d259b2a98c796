"""Retrain now, or wait: what speaks for either, in words and numbers.

A pure function of facts. The loop decides by its own conditions; this says to people what it would say to
itself, and what it lacks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

RETRAIN, WAIT = "retrain now", "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One piece of evidence: `says` is `retrain`, `wait`, or empty where it only explains."""

    words: str
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about the model, and why.

    Attributes:
        verdict: `retrain now` or `wait`; empty as long as nothing is known.
        reason: The fact that decided, in a sentence.
        evidence: All facts, those that speak for the verdict first.
    """

    verdict: str = ""
    reason: str = ""
    evidence: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the advice rests on.

    Attributes:
        fell: What outcomes say of a fall, in words; empty if they say nothing of the kind.
        holds: That performance holds by mature outcomes, in words.
        expected_fall: What the estimate says of a fall, in words; empty if it sees none.
        drift: Inputs that moved, in words.
        damage: Inputs that arrive damaged, in words.
        service: What ails the service rather than the model, in words.
        unfair: Groups that are treated too differently, in words.
        busy: What is under way already: a retraining, a rollout.
        labels: Outcomes since the version was trained.
        needed: Outcomes that a retraining needs.
        coming: Share of the outcomes to come that have come for the newest predictions; None: not known.
        predictions: Predictions that were looked at.
    """

    fell: str = ""
    holds: str = ""
    expected_fall: str = ""
    drift: str = ""
    damage: str = ""
    service: str = ""
    unfair: str = ""
    busy: str = ""
    labels: int = 0
    needed: int = 0
    coming: float | None = None
    predictions: int = 0


def advise(now: Situation) -> Advice:
    """Return whether to retrain now."""
    if not now.predictions:
        return Advice()
    verdict, reason = _decided(now)
    says = "retrain" if verdict == RETRAIN else "wait"
    facts = sorted(_facts(now), key=lambda fact: (fact.says != says, not fact.says))
    return Advice(verdict=verdict, reason=reason, evidence=tuple(facts))


def _decided(now: Situation) -> tuple[str, str]:
    """Return the verdict of the first rule that holds, and its reason."""
    return next((verdict, reason) for holds, verdict, reason in _rules(now) if holds)


def _rules(now: Situation) -> Iterator[tuple[object, str, str]]:
    enough, lacking = now.labels >= now.needed, now.needed - now.labels
    yield now.busy, WAIT, now.busy
    yield now.service, WAIT, "the service itself ails, and no training brings back what that costs"
    hurts = now.fell or now.expected_fall
    damaged = "inputs arrive damaged: repair them first, a model would learn the damage"
    yield now.damage and hurts, WAIT, damaged
    yield now.fell and enough, RETRAIN, "performance fell, and there are outcomes to learn from"
    yield (
        now.fell,
        WAIT,
        f"performance fell, but {lacking:,} more outcomes are needed to learn from",
    )
    contradicted = "a fall is estimated, but the outcomes of the same predictions show none so far"
    yield now.expected_fall and now.holds, WAIT, contradicted
    likely = "inputs moved, performance is estimated to have fallen, and there are outcomes enough"
    yield now.expected_fall and now.drift and enough, RETRAIN, likely
    yield now.expected_fall, WAIT, "a fall is estimated; outcomes must confirm it"
    yield now.drift and now.holds, WAIT, "inputs moved, but performance holds"
    yield now.drift, WAIT, "inputs moved, and nothing says that it hurts"
    yield True, WAIT, "nothing asks for another model"


def _facts(now: Situation) -> Iterator[Fact]:
    spoken = (
        (now.fell, "retrain"),
        (now.expected_fall, "retrain"),
        (now.drift, "retrain"),
        (now.unfair, ""),
        (now.holds, "wait"),
        (now.damage, "wait"),
        (now.service, "wait"),
        (now.busy, "wait"),
    )
    yield from (Fact(words=words, says=says) for words, says in spoken if words)
    enough = now.labels >= now.needed
    yield Fact(
        words=f"{now.labels:,} outcomes since it was trained, {now.needed:,} are needed to learn from",
        says="retrain" if enough else "wait",
    )
    if now.coming is not None:
        yield Fact(
            words=f"{now.coming:.0%} of the outcomes of the newest predictions are expected to have come"
        )
