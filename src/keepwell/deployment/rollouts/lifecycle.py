"""The way of a challenger to the champion's place, or back: each step recorded, and seen to be true.

    rollout = rollouts.start("churn", 4, spec=RolloutSpec(), probe=probe)   # 5% of keys
    rollouts.advance(rollout.id, verdict=verdict, probe=probe)              # 25%
    rollouts.promote(rollout.id, verdict=verdict, probe=probe)              # champion

A change is written first, then the live endpoint is asked. Where the answers disagree, that is what the
record says: an abort that was not seen ends as `abort_failed`, a promotion that was not seen stays
`running`; both can be tried again. Without a probe (nobody serves) nothing is claimed to be verified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.core.events import Change
from keepwell.core.identifiers import new_id
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Alias, Endpoint, GateVerdict, Rollout, RolloutStep, Route
from keepwell.core.references import Ref
from keepwell.core.spec import RolloutSpec
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.probing import Probe, disagreement
from keepwell.deployment.rollouts.history import choose, marked, step_of
from keepwell.deployment.rollouts.plans import (
    ALL,
    SEVERAL,
    check_strategy,
    even,
    may_start,
    shares,
    steps_of,
    weighted,
)
from keepwell.infrastructure.metadata import Collection

_REMEMBERED = 50
"""Steps that a rollout's record holds; the events hold all."""


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
        candidate: int | Sequence[int],
        *,
        spec: RolloutSpec,
        reason: str = "",
        incident: str = "",
        probe: Probe | None = None,
        weights: Mapping[int, float] | None = None,
    ) -> Rollout:
        """Give a version its first share of an endpoint's traffic.

        Args:
            endpoint: Where.
            candidate: The version; several for A/B/n and bandit.
            spec: How it is tried.
            reason: Why.
            incident: The incident that asks for it.
            probe: Sees whether the endpoint answers as routed.
            weights: Of A/B/n and bandit the versions' shares and the champion's; equal unless said.

        Raises:
            NotFoundError: If there is no such endpoint.
            UnavailableError: If the endpoint has no champion to compare with.
            ConflictError: If a rollout is in progress there, or the candidate is the champion.
            UsageError: If the strategy cannot be carried out so.
        """
        before = self._endpoints.read(endpoint)
        candidates = (candidate,) if isinstance(candidate, int) else tuple(candidate)
        baseline = may_start(before, candidates)
        check_strategy(spec, candidates)
        steps, several = steps_of(spec), spec.strategy in SEVERAL
        now = self._clock.now()
        rollout = Rollout(
            id=new_id(now),
            endpoint=endpoint,
            candidate=candidates[0],
            baseline=baseline,
            strategy=spec.strategy,
            steps=steps,
            hold=0.0 if spec.strategy == "all-at-once" else spec.hold,
            started=now,
            reason=reason,
            incident=incident,
            candidates=candidates if several else (),
            keep=spec.keep if spec.strategy == "blue-green" else 0.0,
            sample=spec.sample,
            watch=spec.watch,
            every=spec.every,
            explore=spec.explore,
            reward=spec.reward,
        )
        routes = shares(rollout, steps[0])
        if several:
            routes = weighted(rollout, weights or even(rollout.arms))
        rollout = replace(rollout, history=(step_of(routes, now),))
        challenger = Alias(model=before.model, alias="challenger", version=rollout.candidate)
        why = reason or f"rollout of version {', '.join(map(str, candidates))}"
        changed = self._write(
            rollout,
            "started",
            why,
            routes,
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
        if not found.stepwise:
            raise ConflictError(
                f"rollout {found.id} compares versions, it has no next step",
                why=f"its strategy is {found.strategy}",
                now=f"keepwell rollout promote {found.id}, or abort",
            )
        share = found.history[-1].percent
        following = [step for step in found.steps if step > share]
        wanted = percent if percent is not None else following[0] if following else share
        if found.status != "running" or wanted <= share:
            return found
        fresh = RolloutStep(percent=wanted, started=self._clock.now())
        moved = replace(found, history=(*self._closed(found, verdict), fresh))
        changed = self._write(moved, "advanced", f"{wanted:g}%", shares(found, wanted))
        return self._verify(moved, changed, probe)

    def promote(
        self,
        rollout: str,
        *,
        verdict: GateVerdict | None = None,
        probe: Probe | None = None,
        version: int | None = None,
    ) -> Rollout:
        """Make the candidate champion, once it is seen to answer everything.

        Of several candidates `version` says which; it may be the champion itself: then the comparison
        is over and nothing else changes.

        Where it is not seen, the rollout stays `running` and says why; promote it again, or abort it.
        Nothing happens if it has ended.
        """
        found = self._read(rollout)
        if found.status != "running":
            return found
        found = choose(found, version)
        if found.candidate == found.baseline:
            reason = f"version {found.baseline} stays champion"
            return self.complete(rollout, reason=reason, verdict=verdict, probe=probe)
        if probe is not None:
            if found.stepwise and found.history[-1].percent == 0:  # nobody waits for a cold version
                found = self._verify(found, self._endpoints.read(found.endpoint), probe)
                if not found.history[-1].verified:
                    return found
            found = self._whole(found, verdict)
            endpoint = self._endpoints.read(found.endpoint)
            found = self._verify(found, endpoint, probe)
            if not found.history[-1].verified:
                return found
            found = replace(found, history=self._closed(found, verdict))
        now = self._clock.now()
        done = replace(
            found,
            status="promoted",
            ended=now,
            history=self._closed(found, verdict),
            reason="",
            watched_until=now + found.watch if found.watch else None,
            kept_until=now + found.keep if found.keep else None,
        )
        why = f"rollout {found.id}: every step passed"
        alone = [Route(version=found.candidate, weight=ALL)]
        if found.keep:
            alone.append(Route(version=found.baseline, weight=0.0, role="standby"))
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
        return self._go_back(rollout, "aborted", reason, verdict, probe)

    def reallocate(
        self, rollout: str, weights: Mapping[int, float], numbers: Mapping[str, Any], why: str
    ) -> Rollout:
        """Close the present step and divide the traffic anew; nothing happens if it has ended."""
        found = self._read(rollout)
        if found.status != "running":
            return found
        routes = weighted(found, weights)
        fresh = replace(step_of(routes, self._clock.now()), numbers=dict(numbers))
        history = (*self._closed(found, None), fresh)[-_REMEMBERED:]
        moved = replace(found, history=history)
        self._write(moved, "reallocated", why, routes)
        return moved

    def judge(self, rollout: str, verdict: GateVerdict, numbers: Mapping[str, Any]) -> Rollout:
        """Keep how the present step looks; nothing is written if that is known already."""
        found = self._read(rollout)
        *before, last = found.history
        fresh = replace(last, verdict=verdict, numbers={**last.numbers, **numbers})
        if found.status != "running" or fresh == last:
            return found
        judged = replace(found, history=(*before, fresh))
        self._records.write(judged, "judged", "passed" if verdict.passed else "breached")
        return judged

    def complete(
        self,
        rollout: str,
        *,
        reason: str,
        verdict: GateVerdict | None = None,
        probe: Probe | None = None,
    ) -> Rollout:
        """End a comparison; the champion has all traffic again, which is seen to be so."""
        return self._go_back(rollout, "completed", reason, verdict, probe)

    def roll_back(
        self,
        rollout: str,
        *,
        reason: str,
        verdict: GateVerdict | None = None,
        probe: Probe | None = None,
    ) -> Rollout:
        """Take a promotion back: the version before is champion again, and seen to answer.

        Ends as `rolled_back`, or as `rollback_failed`, which may be tried again.

        Raises:
            ConflictError: If it was not promoted, or another version serves by now.
        """
        found = self._read(rollout)
        endpoint = self._endpoints.read(found.endpoint)
        target = found.baseline if found.status == "rollback_failed" else found.candidate
        takeable = found.status in ("promoted", "rollback_failed") and not endpoint.rollout
        if not takeable or endpoint.champion != target:
            raise ConflictError(
                f"rollout {found.id} cannot be taken back",
                why=f"it is {found.status}, and '{endpoint.name}' is served by version"
                f" {endpoint.champion}"
                + (" in another rollout" if endpoint.rollout not in ("", found.id) else ""),
                now="keepwell rollout abort gives the champion everything"
                if endpoint.rollout == found.id
                else "keepwell rollout status shows what goes on",
            )
        alone = (Route(version=found.baseline, weight=ALL),)
        *before, last = found.history
        back = replace(
            found,
            history=(*before, replace(last, verdict=verdict or last.verdict)),
            status="rollback_failed",
            notes=reason,
            watched_until=None,
            kept_until=None,
        )
        alias = Alias(model=endpoint.model, alias="champion", version=found.baseline)
        changes = [self._aliases.change(alias, "pointed", reason)]
        changed = self._write(back, "rolled back", reason, alone, changes, ended=True)
        seen = disagreement(changed, probe) if probe is not None else ""
        notes = f"{reason}; {seen}" if seen else reason
        history = marked(back.history, None if probe is None else not seen, seen)
        status = "rollback_failed" if seen else "rolled_back"
        done = replace(back, status=status, notes=notes, history=history)
        self._records.write(done, "probed", seen or "the version before answers")
        return done

    def release(self, rollout: str, *, watched: bool = False, kept: bool = False) -> Rollout:
        """End the watch over a promotion, or let go of the version that was kept loaded."""
        found = self._read(rollout)
        if kept and found.kept_until is not None:
            found = replace(found, kept_until=None)
            endpoint = self._endpoints.read(found.endpoint)
            left = tuple(route for route in endpoint.routes if route.role != "standby")
            if left != endpoint.routes:
                why = f"version {found.baseline} is no longer kept loaded"
                self._write(found, "released", why, left, keep_owner=True)
            else:
                self._records.write(found, "released", "nothing is kept loaded any more")
        if watched and found.watched_until is not None:
            found = replace(found, watched_until=None, notes="it did well while it was watched")
            endpoint = self._endpoints.read(found.endpoint)
            if endpoint.champion == found.candidate and not endpoint.rollout:
                self._write(found, "watched", found.notes, endpoint.routes, keep_owner=True)
            else:
                self._records.write(found, "watched", found.notes)
        return found

    def _go_back(
        self,
        rollout: str,
        status: str,
        reason: str,
        verdict: GateVerdict | None,
        probe: Probe | None,
    ) -> Rollout:
        found = self._read(rollout)
        if found.status not in ("running", "abort_failed"):
            return found
        alone = (Route(version=found.baseline, weight=ALL),)
        history = self._closed(found, verdict)
        back = replace(found, history=history, reason=reason)
        seen = ""
        if probe is not None:
            endpoint = self._write(back, "went back", reason, alone)
            seen = disagreement(endpoint, probe)
        ending = "abort_failed" if seen else status
        done = replace(
            back,
            status=ending,
            ended=self._clock.now(),
            reason=f"{reason}; {seen}" if seen else reason,
            history=marked(history, None if probe is None else not seen, seen),
        )
        aliases = [] if seen else self._no_challenger(done, reason)
        verb = ending.replace("_", " ")
        self._write(done, verb, done.reason, alone, aliases, ended=not seen)
        return done

    def _whole(self, found: Rollout, verdict: GateVerdict | None) -> Rollout:
        """Give the candidate all traffic, if it has less."""
        if found.stepwise:
            return self.advance(found.id, ALL, verdict=verdict)
        fresh = RolloutStep(percent=ALL, started=self._clock.now())
        moved = replace(found, history=(*self._closed(found, verdict), fresh))
        self._write(moved, "advanced", "100%", shares(moved, ALL))
        return moved

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
        keep_owner: bool = False,
    ) -> Endpoint:
        """Write the rollout, its endpoint's routes and aliases in one transaction."""
        owner = None if keep_owner else "" if ended else rollout.id
        logs: tuple[int, ...] | None = () if ended else rollout.arms
        if keep_owner:
            logs = None if rollout.watched_until is not None else ()
        elif rollout.status == "promoted" and rollout.watched_until is not None:
            logs = (rollout.baseline,)
        endpoint, change = self._endpoints.routed(
            rollout.endpoint, routes, why, rollout=owner, logs=logs
        )
        self._store.commit([self._records.change(rollout, verb, why), change, *others])
        return endpoint

    def _verify(self, rollout: Rollout, endpoint: Endpoint, probe: Probe | None) -> Rollout:
        """Ask the live endpoint about the newest step, and keep what was seen."""
        if probe is None:
            return rollout
        seen = disagreement(endpoint, probe)
        checked = replace(rollout, history=marked(rollout.history, not seen, seen))
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
