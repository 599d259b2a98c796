"""Answering where something is switched: the model within its limit, else whoever is next in the chain."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.flags.live import LiveFlags, LiveStep
from keepwell.deployment.scoring.scorer import Scores

if TYPE_CHECKING:
    from keepwell.deployment.server.assignment import Part

    Score = Callable[[Part], Awaitable[Scores]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """That rows were not answered by the version that they were meant for.

    Attributes:
        version: That version; 0 where none could be loaded.
        by: The step of the chain that answered, as it was written.
        why: What kept the version from answering.
        failed: Whether that was a failure of the version's; a kill switch is none.
    """

    version: int
    by: str
    why: str
    failed: bool


async def answer(
    flags: LiveFlags, part: "Part", score: "Score", why: str = ""
) -> "AsyncIterator[tuple[Part, Scores, Fallback | None]]":
    """Yield a part's answers, divided where several steps of the chain answer its rows.

    Args:
        flags: The endpoint's flags.
        part: The rows, and the version that they are meant for.
        score: Asks a version, for no longer than it may take.
        why: Why that version is not even asked; empty if it is.

    Raises:
        InvalidRequestError: If rows do not fit the version's signature.
        Exception: Whatever the version raised, if nobody in the chain answers all rows.
    """
    cause: Exception | None = None
    if not why:
        scores, cause = await _attempt(score, part)
        if scores is not None:
            yield part, scores, None
            return
        if cause is not None and not flags.chain:
            raise cause
        why = f"{type(cause).__name__}: {cause}"[:300]
    left = part
    for step in flags.chain:
        if step.route.version == part.route.version != 0 and cause is not None:
            continue  # it has just failed
        mine, others = _divided(left, step)
        scores = None if mine is None else (await _attempt(score, mine))[0]
        if mine is None or scores is None:
            continue
        fallback = Fallback(
            version=part.route.version, by=step.text, why=why, failed=cause is not None
        )
        yield mine, scores, fallback
        if others is None:
            return
        left = others
    raise cause or LookupError("nobody in the fallback chain answers these rows")


async def _attempt(score: "Score", part: "Part") -> tuple[Scores | None, Exception | None]:
    """Return a version's scores, or why it could not answer; what is the caller's fault is raised."""
    try:
        return await score(part), None
    except InvalidRequestError:
        raise
    except Exception as error:  # noqa: BLE001 (a model may raise anything; somebody else answers)
        return None, error


def _divided(part: "Part", step: LiveStep) -> "tuple[Part | None, Part | None]":
    """Return the rows of a part that a step answers, and the others."""
    if step.when is None:
        return replace(part, route=step.route), None
    holds = [step.when.holds(row) for row in part.rows]
    if all(holds):
        return replace(part, route=step.route), None
    if not any(holds):
        return None, part
    places = part.places if part.places is not None else list(range(len(part.rows)))

    def rows_where(wanted: bool) -> "Part":
        chosen = [at for at, fits in enumerate(holds) if fits is wanted]
        return replace(
            part,
            route=step.route if wanted else part.route,
            rows=[part.rows[at] for at in chosen],
            keys=[part.keys[at] for at in chosen],
            places=[places[at] for at in chosen],
        )

    return rows_where(True), rows_where(False)
