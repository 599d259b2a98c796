"""More workers, or fewer."""

from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.errors import ConflictError, UsageError
from keepwell.core.records import Effect, Intervention, Scale
from keepwell.core.references import Ref
from keepwell.deployment.scaling import Scaling
from keepwell.operations.playbooks.base import Plan, Prepared
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.trail import Step, because, because_undone, step_of

LATENCY = "latency_p95_ms"
_SCALE = Ref("scale", "workers")


class MoreWorkers(Prepared):
    """Changes how many workers answer: the endpoint's own where it has some, else the general ones."""

    name: ClassVar[str] = "scale"
    options: ClassVar[tuple[Option, ...]] = (
        Option(name="workers", kind="whole", means="how many there are to be", least=1),
        Option(
            name="by", kind="whole", means="or how many more; fewer below zero", least=-64, most=64
        ),
        Option(
            name="max",
            kind="whole",
            means="never more than so many; two for each core",
            least=1,
        ),
    )
    undoes: ClassVar[str] = "goes back to as many as before, unless somebody chose another number"

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain about options that say two numbers, or none that does anything."""
        given = self.read(options)
        if given["workers"] is not None and given["by"] is not None:
            raise UsageError(
                "the playbook 'scale' takes `workers` or `by`, not both",
                why="each says another number",
                now="write for example `with: {by: 1, max: 4}`",
            )
        if given["by"] == 0:
            raise UsageError(
                "the playbook 'scale' has nothing to do",
                why="`by: 0` changes nothing",
                now="write for example `with: {by: 1, max: 4}`",
            )

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return how many workers there would be."""
        self.means.served(endpoint)
        scale = self._scaling().read()
        now, wanted = self._wanted(scale, endpoint, options)
        whose = f"workers of '{endpoint}'" if endpoint in scale.pools else "workers"
        steps = (
            f"{now} → {wanted} {whose}, one after the other; none stops before its requests are answered",
            f"once the load is over, {now} again",
        )
        effect = Effect(
            measure=LATENCY,
            before=self.means.latest(endpoint, LATENCY),
            reason=f"{wanted} processes share the requests, on {self.means.cores} cores",
        )
        return Plan(steps=steps, predicted=effect, temporary=True, options={"workers": wanted})

    def _scaling(self) -> Scaling:
        return Scaling(self.means.bench.metadata)

    def _wanted(self, scale: Scale, endpoint: str, options: Mapping[str, Any]) -> tuple[int, int]:
        self.check(options)
        given = self.read(options)
        now = scale.pools.get(endpoint, scale.workers)
        most = given["max"] or max(2 * self.means.cores, now, given["workers"] or 1)
        asked = given["workers"] if given["workers"] is not None else now + (given["by"] or 1)
        wanted = max(1, min(asked, most))
        if wanted != now:
            return now, wanted
        raise ConflictError(
            f"there are {now} workers already",
            why=f"at most {most} are wanted" if asked > most else f"{asked} are asked for",
            now="allow more with `max`, serve on a larger machine, or answer by a lighter variant "
            "(`do: lighten`)",
        )

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Want another number of workers; `keepwell up` follows within a second."""
        done, endpoint = self._done(intervention), intervention.endpoint
        if done is None:
            scaling = self._scaling()
            _, wanted = self._wanted(scaling.read(), endpoint, intervention.options)
            self._want(scaling, endpoint, wanted, because(intervention))
            done = self._done(intervention)
        return (
            {}
            if done is None
            else {"workers": done.before.pools.get(endpoint, done.before.workers)}
        )

    def undo(self, intervention: Intervention) -> None:
        """Go back to as many as before, unless somebody chose another number meanwhile."""
        done, endpoint = self._done(intervention), intervention.endpoint
        if done is None:
            return
        scaling = self._scaling()
        now = scaling.read()
        own = endpoint in done.before.pools
        counts = [
            scale.pools.get(endpoint) if own else scale.workers
            for scale in (now, done.after, done.before)
        ]
        if counts[0] == counts[1] and counts[2] is not None:
            self._want(scaling, endpoint, counts[2], because_undone(intervention), own=own)

    def _done(self, intervention: Intervention) -> Step[Scale] | None:
        return step_of(self.means.bench.metadata, _SCALE, Scale, intervention, start=Scale())

    def _want(
        self, scaling: Scaling, endpoint: str, count: int, why: str, *, own: bool | None = None
    ) -> None:
        own = endpoint in scaling.read().pools if own is None else own
        if own:
            scaling.change(pools={endpoint: count}, endpoints=[endpoint], why=why)
        else:
            scaling.change(workers=count, why=why)
