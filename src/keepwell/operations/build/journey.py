"""`plan` and `run`: which steps are stale, why, and doing only those."""

import json
import time
from collections.abc import Sequence
from typing import Any

from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.locks import Holder, exclusive
from keepwell.infrastructure.metadata import Collection
from keepwell.infrastructure.own_sources import own_sources
from keepwell.operations.build import shortcut
from keepwell.operations.build.bench import Bench, Build, Listener, SilentListener
from keepwell.operations.build.result import RunResult, StepResult
from keepwell.operations.build.stages import DATA_ONLY, FULL, Stage
from keepwell.operations.build.steps import StepRecord, key_of, why_stale


class Builder:
    """Plans and runs the builds of one project."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._memory = Collection(
            bench.metadata, "step", StepRecord, name=lambda record: record.name
        )

    @property
    def _stages(self) -> Sequence[Stage]:
        return FULL if self._bench.spec.data.target else DATA_ONLY

    def plan(self) -> tuple[StepResult, ...]:
        """Return each step as `cached` or `stale`, with the reason. Nothing is changed."""
        build = Build(bench=self._bench, listener=SilentListener())
        results: list[StepResult] = []
        for stage in self._stages:
            if results and results[-1].status == "stale":
                reason = f"{results[-1].name} runs first"
            else:
                reason = self._why_stale(stage, build, stage.inputs(build))
            status = "stale" if reason else "cached"
            results.append(
                StepResult(name=stage.name, status=status, reason=reason or "nothing changed")
            )
        return tuple(results)

    def run(self, listener: Listener | None = None) -> RunResult:
        """Run what is stale and return the whole result.

        A second run of the same project waits for the first. A step that failed or was killed leaves
        the steps before it cached, so the next run starts there.

        Raises:
            KeepwellError: What stopped it; the steps that were done stay done.
        """
        listener = listener or SilentListener()
        build = Build(bench=self._bench, listener=listener)
        lock = self._bench.home / "run" / "build.lock"

        def tell(holder: Holder) -> None:
            listener.waiting(f"another build of this project is running ({holder}); waiting for it")

        with exclusive(lock, "keepwell run", on_wait=tell):
            self._bury_the_dead()
            results = [self._step(stage, build) for stage in self._stages]
            result = self._result(build, results)
            self._remember(result)
        return result

    def _why_stale(self, stage: Stage, build: Build, inputs: dict[str, Any]) -> str:
        """Return why a stage must run; if it need not, restore its result and return nothing."""
        last = self._memory.get(f"{self._bench.spec.name}/{stage.name}")
        reason = why_stale(last, inputs)
        if reason or last is None:
            return reason
        try:
            stage.restore(build, last.output)
        except NotFoundError:
            return f"its earlier result ({last.output}) is gone"
        return ""

    def _step(self, stage: Stage, build: Build) -> StepResult:
        inputs = stage.inputs(build)
        reason = self._why_stale(stage, build, inputs)
        if not reason:
            result = StepResult(name=stage.name, status="cached", reason="nothing changed")
            build.listener.step_finished(result)
            return result
        build.listener.step_started(stage.name, reason)
        start = time.perf_counter()
        try:
            output = stage.execute(build)
        except KeepwellError as error:
            seconds = time.perf_counter() - start
            build.listener.step_finished(
                StepResult(name=stage.name, status="failed", reason=error.what, seconds=seconds)
            )
            raise
        seconds = time.perf_counter() - start
        if "contract" in inputs:  # the first ingest writes the contract that the next one reads
            inputs["contract"] = stage.inputs(build)["contract"]
        record = StepRecord(
            project=self._bench.spec.name,
            step=stage.name,
            key=key_of(inputs),
            inputs=inputs,
            output=output,
            seconds=round(seconds, 3),
        )
        self._memory.write(record, "finished", why=reason)
        reason = stage.explain(build) or reason
        result = StepResult(name=stage.name, status="done", reason=reason, seconds=seconds)
        build.listener.step_finished(result)
        return result

    def _result(self, build: Build, steps: Sequence[StepResult]) -> RunResult:
        model = build.model
        aliases = (
            tuple(
                alias
                for alias in ("champion", "challenger")
                if self._bench.registry.resolve(model.model, alias) == model.version
            )
            if model is not None
            else ()
        )
        return RunResult(
            project=self._bench.spec.name,
            steps=tuple(steps),
            dataset=build.dataset,
            run=build.run,
            model=model,
            aliases=aliases,
            gate=build.verdict,
            findings=tuple(build.findings),
            serving=build.serving,
        )

    def _remember(self, result: RunResult) -> None:
        """Leave what `shortcut.unchanged` answers from."""
        spec = self._bench.spec
        code = own_sources(spec.train.learners, spec.root)
        state = {
            "inputs": shortcut.inputs(spec.root, spec.data.source, spec.data.contract, code),
            "result": result.as_dict(),
        }
        write_atomic(spec.root / shortcut.STATE, json.dumps(state).encode())

    def _bury_the_dead(self) -> None:
        """Mark runs whose process was killed: whoever holds the lock is the only one alive."""
        for run in self._bench.runs.find(self._bench.spec.name, status="running", kind="train"):
            self._bench.runs.fail(run.id, "its process was killed", killed=True)
