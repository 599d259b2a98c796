"""What a strategy asks for: its steps, and the routes at each of them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from keepwell.core.errors import ConflictError, UnavailableError, UsageError
from keepwell.core.records import Endpoint, Rollout, Route
from keepwell.core.spec import STRATEGIES, RolloutSpec
from keepwell.core.suggestions import did_you_mean

ALL = 100.0
SEVERAL = ("ab", "bandit")
"""Strategies that try several versions at once."""


def check_strategy(spec: RolloutSpec, candidates: Sequence[int]) -> None:
    """See that a strategy can be carried out as it is asked for.

    Raises:
        UsageError: If not; says what to change.
    """
    if spec.strategy not in STRATEGIES:
        raise UsageError(
            f"there is no strategy '{spec.strategy}'",
            why=f"strategies are {', '.join(STRATEGIES)}",
            now=did_you_mean(spec.strategy, STRATEGIES),
        )
    if len(set(candidates)) < len(candidates):
        raise UsageError(
            f"a version is named twice: {', '.join(map(str, candidates))}",
            why="each version takes part once",
        )
    if len(candidates) > 1 and spec.strategy not in SEVERAL:
        raise UsageError(
            f"{spec.strategy} tries one version, not {len(candidates)}",
            why="several versions are compared by ab or bandit",
            now="use --strategy ab, or name one version",
        )
    if not 0 < spec.sample <= 1:
        raise UsageError(
            f"{spec.sample:g} is no share of the rows", why="a sample is above 0 and at most 1"
        )
    if spec.explore * (len(candidates) + 1) > ALL or spec.explore < 0:
        raise UsageError(
            f"{len(candidates) + 1} versions cannot have {spec.explore:g}% each at least",
            why="together that is more than all traffic",
            now=f"explore at most {ALL / (len(candidates) + 1):.3g}%",
        )


def steps_of(spec: RolloutSpec) -> tuple[float, ...]:
    """Return the candidate's shares, step by step.

    Raises:
        UsageError: If those of a canary do not ascend to 100.
    """
    if spec.strategy == "canary":
        _check_steps(spec.steps)
        return spec.steps
    return {"blue-green": (0.0, ALL), "all-at-once": (ALL,), "shadow": (0.0,)}.get(
        spec.strategy, (ALL,)
    )


def _check_steps(steps: Sequence[float]) -> None:
    ascends = all(one < after for one, after in pairwise(steps))
    if not steps or not ascends or steps[0] <= 0 or steps[-1] != ALL:
        raise UsageError(
            f"{list(steps)} are not the steps of a rollout",
            why="shares are percents that ascend and end with 100",
            now="write for example steps: [5, 25, 100]",
        )


def may_start(endpoint: Endpoint, candidates: Sequence[int]) -> int:
    """Return the champion that candidates are compared with.

    Raises:
        ConflictError: If a rollout is in progress, or a candidate is the champion.
        UnavailableError: If there is no champion.
    """
    candidate = candidates[0]
    if endpoint.rollout:
        raise ConflictError(
            f"a rollout is in progress at '{endpoint.name}'",
            why=f"rollout {endpoint.rollout} has not ended",
            now="wait for its end, or abort it: keepwell rollout abort",
            details={"rollout": endpoint.rollout},
        )
    if endpoint.champion is None:
        raise UnavailableError(
            f"'{endpoint.name}' has no champion to compare version {candidate} with",
            why="a rollout leads from one version to the next",
            now="deploy the version directly",
        )
    if endpoint.champion in candidates:
        raise ConflictError(
            f"version {endpoint.champion} is the champion of '{endpoint.name}' already",
            why="there is nothing to roll out",
            now="name another version: keepwell models list shows them",
        )
    return endpoint.champion


def shares(rollout: Rollout, percent: float) -> tuple[Route, ...]:
    """Return the routes at which the one candidate has a share; a shadow never has one."""
    if rollout.strategy == "shadow" and percent < ALL:
        return (Route(version=rollout.baseline, weight=ALL),)
    return (
        Route(version=rollout.baseline, weight=ALL - percent),
        Route(version=rollout.candidate, weight=percent, role="challenger"),
    )


def weighted(rollout: Rollout, weights: Mapping[int, float]) -> tuple[Route, ...]:
    """Return the routes at which every version has a weight; they are scaled to add up to 100.

    Raises:
        UsageError: If a version lacks a weight, or one is negative, or all are zero.
    """
    total = sum(weights.values())
    if set(weights) != set(rollout.arms) or min(weights.values()) < 0 or total <= 0:
        raise UsageError(
            f"these weights do not divide traffic among versions {_names(rollout.arms)}",
            why=f"given are {', '.join(f'{v}: {w:g}' for v, w in weights.items())}",
            now="give every version, the champion too, a weight of 0 or more",
        )
    return tuple(
        Route(
            version=version,
            weight=weights[version] / total * ALL,
            role="champion" if version == rollout.baseline else "challenger",
        )
        for version in rollout.arms
    )


def even(arms: Sequence[int]) -> dict[int, float]:
    """Return equal weights."""
    return {version: ALL / len(arms) for version in arms}


def _names(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions))
