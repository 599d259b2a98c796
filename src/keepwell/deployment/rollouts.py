"""The way of a challenger to the champion's place, or back: each step recorded, and seen to be true.

    rollout = rollouts.start("churn", 4, spec=RolloutSpec(), probe=probe)   # 5% of keys
    rollouts.advance(rollout.id, verdict=verdict, probe=probe)              # 25%
    rollouts.promote(rollout.id, verdict=verdict, probe=probe)              # champion

A change is written first, then the live endpoint is asked. Where the answers disagree, that is what the
record says: an abort that was not seen ends as `abort_failed`, a promotion that was not seen stays
`running`; both can be tried again. Without a probe (nobody serves) nothing is claimed to be verified.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError, NotFoundError, UnavailableError, UsageError
from keepwell.core.events import Change
from keepwell.core.identifiers import new_id
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Alias, Endpoint, GateVerdict, Rollout, RolloutStep, Route
from keepwell.core.references import Ref
from keepwell.core.spec import RolloutSpec
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.probing import Probe, disagreement
from keepwell.infrastructure.metadata import Collection

_ALL = 100.0


class Rollouts:
    """All rollouts, those that ended included.

    Args:
        metadata: The record.
        endpoints: What they change.
        clock: Tells the time of each step.
    """

    def __init__(self, metadata: MetadataStore, endpoints: Endpoints, clock: Clock) -> None:
        self._store = metadata
        self._endpoints = endpoints
        self._clock = clock
        self._records = Collection(metadata, "rollout", Rollout, name=lambda one: one.id)
        self._aliases = Collection(metadata, "alias", Alias)

    def get(self, rollout: str) -> Rollout | None:
        """Return a rollout by its id, None if there is none."""
        return self._records.get(rollout)

    def find(self, endpoint: str = "", limit: int | None = None) -> list[Rollout]:
        """Return rollouts of an endpoint (of all, if empty), newest first."""
        found = [one for one in self._records.find() if not endpoint or one.endpoint == endpoint]
        return sorted(found, key=lambda one: one.id, reverse=True)[:limit]

    def running(self, endpoint: str) -> Rollout | None:
        """Return the rollout in progress at an endpoint, None if there is none."""
        known = self._endpoints.get(endpoint)
        return self.get(known.rollout) if known is not None and known.rollout else None

    def start(
        self,
        endpoint: str,
        candidate: int,
        *,
        spec: RolloutSpec,
        reason: str = "",
        incident: str = "",
        probe: Probe | None = None,
    ) -> Rollout:
        """Give a version its first share of an endpoint's traffic.

        Raises:
            NotFoundError: If there is no such endpoint.
            UnavailableError: If the endpoint has no champion to compare with.
            ConflictError: If a rollout is in progress there, or the candidate is the champion.
            UsageError: If the steps do not ascend to 100.
        """
        before = self._endpoints.read(endpoint)
        baseline = _may_start(before, candidate)
        steps = spec.steps if spec.strategy == "canary" else (_ALL,)
        _check_steps(steps)
        now = self._clock.now()
        rollout = Rollout(
            id=new_id(now),
            endpoint=endpoint,
            candidate=candidate,
            baseline=baseline,
            strategy=spec.strategy,
            steps=steps,
            hold=spec.hold if spec.strategy == "canary" else 0.0,
            history=(RolloutStep(percent=steps[0], started=now),),
            started=now,
            reason=reason,
            incident=incident,
        )
        challenger = Alias(model=before.model, alias="challenger", version=candidate)
        why = reason or f"rollout of version {candidate}"
        changed = self._write(
            rollout,
            "started",
            why,
            _shares(rollout, steps[0]),
            [self._aliases.change(challenger, "pointed", why)],
        )
        return self._verify(rollout, changed, probe)

    def advance(
        self,
        rollout: str,
        percent: float | None = None,
        *,
        verdict: GateVerdict | None = None,
        probe: Probe | None = None,
    ) -> Rollout:
        """Close the present step and give the candidate its next share, or `percent`.

        Nothing happens if it has that share or more, or the rollout has ended.
        """
        found = self._read(rollout)
        share = found.history[-1].percent
        following = [step for step in found.steps if step > share]
        wanted = percent if percent is not None else following[0] if following else share
        if found.status != "running" or wanted <= share:
            return found
        fresh = RolloutStep(percent=wanted, started=self._clock.now())
        moved = replace(found, history=(*self._closed(found, verdict), fresh))
        changed = self._write(moved, "advanced", f"{wanted:g}%", _shares(found, wanted))
        return self._verify(moved, changed, probe)

    def promote(
        self, rollout: str, *, verdict: GateVerdict | None = None, probe: Probe | None = None
    ) -> Rollout:
        """Make the candidate champion, once it is seen to answer everything.

        Where it is not seen, the rollout stays `running` and says why; promote it again, or abort it.
        Nothing happens if it has ended.
        """
        found = self._read(rollout)
        if found.status != "running":
            return found
        if probe is not None:
            found = self.advance(rollout, _ALL, verdict=verdict)
            endpoint = self._endpoints.read(found.endpoint)
            found = self._verify(found, endpoint, probe)
            if not found.history[-1].verified:
                return found
        now = self._clock.now()
        done = replace(
            found, status="promoted", ended=now, history=self._closed(found, verdict), reason=""
        )
        why = f"rollout {found.id}: every step passed"
        alone = (Route(version=found.candidate, weight=_ALL),)
        aliases = self._champion(found, why)
        self._write(done, "promoted", why, alone, aliases, ended=True)
        return done

    def abort(
        self,
        rollout: str,
        *,
        reason: str,
        verdict: GateVerdict | None = None,
        probe: Probe | None = None,
    ) -> Rollout:
        """Give all traffic back to the baseline, and see that it answers.

        Ends as `aborted` if that was seen, as `abort_failed` if not; an `abort_failed` one is tried
        again. Nothing happens if it was aborted or promoted.
        """
        found = self._read(rollout)
        if found.status not in ("running", "abort_failed"):
            return found
        alone = (Route(version=found.baseline, weight=_ALL),)
        history = self._closed(found, verdict)
        back = replace(found, history=history, reason=reason)
        seen = ""
        if probe is not None:
            endpoint = self._write(back, "went back", reason, alone)
            seen = disagreement(endpoint, probe)
        status = "abort_failed" if seen else "aborted"
        done = replace(
            back,
            status=status,
            ended=self._clock.now(),
            reason=f"{reason}; {seen}" if seen else reason,
            history=_marked(history, None if probe is None else not seen, seen),
        )
        aliases = [] if seen else self._no_challenger(done, reason)
        self._write(done, status.replace("_", " "), done.reason, alone, aliases, ended=not seen)
        return done

    def _read(self, rollout: str) -> Rollout:
        found = self.get(rollout)
        if found is None:
            known = [f"{one.id} ({one.endpoint}, {one.status})" for one in self.find(limit=3)]
            raise NotFoundError(
                f"there is no rollout '{rollout}'",
                why=f"the newest are {', '.join(known)}" if known else "there has been none",
                now="keepwell status shows the one in progress",
            )
        return found

    def _write(
        self,
        rollout: Rollout,
        verb: str,
        why: str,
        routes: Sequence[Route],
        others: Sequence[Change] = (),
        *,
        ended: bool = False,
    ) -> Endpoint:
        """Write the rollout, its endpoint's routes and aliases in one transaction."""
        owner = "" if ended else rollout.id
        endpoint, change = self._endpoints.routed(rollout.endpoint, routes, why, rollout=owner)
        self._store.commit([self._records.change(rollout, verb, why), change, *others])
        return endpoint

    def _verify(self, rollout: Rollout, endpoint: Endpoint, probe: Probe | None) -> Rollout:
        """Ask the live endpoint about the newest step, and keep what was seen."""
        if probe is None:
            return rollout
        seen = disagreement(endpoint, probe)
        checked = replace(rollout, history=_marked(rollout.history, not seen, seen))
        self._records.write(checked, "probed", seen or "every probe was answered as routed")
        return checked

    def _closed(self, rollout: Rollout, verdict: GateVerdict | None) -> tuple[RolloutStep, ...]:
        *before, last = rollout.history
        if last.ended is not None:
            return rollout.history
        return (*before, replace(last, ended=self._clock.now(), verdict=verdict or last.verdict))

    def _champion(self, rollout: Rollout, why: str) -> list[Change]:
        model = self._endpoints.read(rollout.endpoint).model
        champion = Alias(model=model, alias="champion", version=rollout.candidate)
        return [
            self._aliases.change(champion, "promoted", why),
            *self._no_challenger(rollout, why),
        ]

    def _no_challenger(self, rollout: Rollout, why: str) -> list[Change]:
        name = f"{self._endpoints.read(rollout.endpoint).model}/challenger"
        present = self._aliases.get(name)
        if present is None or present.version != rollout.candidate:
            return []
        return [Change(ref=Ref("alias", name), verb="removed", data=None, why=why)]


def _may_start(endpoint: Endpoint, candidate: int) -> int:
    """Return the champion that a candidate is compared with."""
    if endpoint.rollout:
        raise ConflictError(
            f"a rollout is in progress at '{endpoint.name}'",
            why=f"rollout {endpoint.rollout} has not ended",
            now="wait for its end, or abort it",
            details={"rollout": endpoint.rollout},
        )
    if endpoint.champion is None:
        raise UnavailableError(
            f"'{endpoint.name}' has no champion to compare version {candidate} with",
            why="a rollout leads from one version to the next",
            now="deploy the version directly",
        )
    if endpoint.champion == candidate:
        raise ConflictError(
            f"version {candidate} is the champion of '{endpoint.name}' already",
            why="there is nothing to roll out",
        )
    return endpoint.champion


def _check_steps(steps: Sequence[float]) -> None:
    ascends = all(one < after for one, after in pairwise(steps))
    if not steps or not ascends or steps[0] <= 0 or steps[-1] != _ALL:
        raise UsageError(
            f"{list(steps)} are not the steps of a rollout",
            why="shares are percents that ascend and end with 100",
            now="write for example steps: [5, 25, 100]",
        )


def _shares(rollout: Rollout, percent: float) -> tuple[Route, Route]:
    return (
        Route(version=rollout.baseline, weight=_ALL - percent),
        Route(version=rollout.candidate, weight=percent, role="challenger"),
    )


def _marked(
    history: tuple[RolloutStep, ...], verified: bool | None, finding: str
) -> tuple[RolloutStep, ...]:
    *before, last = history
    return (*before, replace(last, verified=verified, finding=finding))
