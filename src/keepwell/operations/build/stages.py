"""The steps of a build, in order.

Each knows what it depends on, how to run, and how to pick up its last result.
"""

from typing import Any, Protocol

import numpy as np

from keepwell import __version__
from keepwell.core.errors import NotFoundError
from keepwell.core.records import DatasetVersion, GateVerdict, ModelVersion
from keepwell.core.spec import ProjectSpec
from keepwell.infrastructure.codec import from_json, to_json, to_plain
from keepwell.operations.build.bench import Bench, Build
from keepwell.operations.build.draft import Draft
from keepwell.operations.build.judge import judge_version
from keepwell.operations.build.learn import learn
from keepwell.operations.build.own.learners import code_digests
from keepwell.operations.build.shortcut import file_digest
from keepwell.operations.build.sources.media import must_teach
from keepwell.operations.build.sources.parts import rows_to_learn
from keepwell.operations.build.sources.sides import digests, fingerprints, ingest_sides
from keepwell.operations.build.takeover import take_over
from keepwell.operations.insight.papers import papers
from keepwell.operations.windows.declaring import derivation, must_go_on
from keepwell.operations.windows.keeping import fill

_NOTICED = 10  # sentences about the data that are told after a run


class Stage(Protocol):
    """One step of a build."""

    name: str

    def inputs(self, build: Build) -> dict[str, Any]:
        """Return everything the result depends on, JSON-ready."""
        ...

    def execute(self, build: Build) -> str:
        """Do the work, leave the result in `build`, and return what to find it by."""
        ...

    def restore(self, build: Build, output: str) -> None:
        """Leave the result of an earlier execution in `build`; `NotFoundError` if it is gone."""
        ...

    def explain(self, build: Build) -> str:
        """Return a better reason for the execution, now that its result is known; else nothing."""
        ...


class _Plain:
    """A stage whose inputs say all there is to say about why it ran."""

    def explain(self, build: Build) -> str:
        return ""


class Ingest:
    """Loads, types, checks and profiles the data."""

    name = "ingest"

    def inputs(self, build: Build) -> dict[str, Any]:
        from keepwell.data.fingerprint import fingerprint

        spec = build.bench.spec
        return {
            "source": spec.data.source,
            "data": fingerprint(spec.data.source, spec.root),
            "types": {name: str(kind) for name, kind in spec.data.types.items()},
            "contract": file_digest(spec.root / spec.data.contract),
            **fingerprints(spec),
            **_windows(spec),
        }

    def execute(self, build: Build) -> str:
        spec = build.bench.spec
        must_go_on(build.bench)
        ingest_sides(build.bench, build.listener)
        build.dataset = build.bench.datasets.ingest(
            spec.dataset,
            spec.data.source,
            root=spec.root,
            contract=spec.root / spec.data.contract,
            types=spec.data.types,
            progress=build.listener,
            derive=derivation(spec),
        )
        build.findings.extend(_noticed(build.dataset))
        return build.dataset.key

    def restore(self, build: Build, output: str) -> None:
        name, _, version = output.rpartition("/")
        build.dataset = build.bench.datasets.get(name, int(version))
        build.findings.extend(_noticed(build.dataset))

    def explain(self, build: Build) -> str:
        dataset = build.dataset
        if dataset is None or dataset.version == 1:
            return ""
        before = build.bench.datasets.get(dataset.name, dataset.version - 1)
        if before.rows != dataset.rows:
            return f"the data changed: {before.rows:,} → {dataset.rows:,} rows"
        if before.digest == dataset.digest:
            return ""
        return f"the data changed: {dataset.rows:,} rows as before, with other content"


def _windows(spec: ProjectSpec) -> dict[str, Any]:
    """Return the windows that are declared; nothing where none are, as before there were any."""
    declared = spec.features.windows
    return {"windows": to_plain(declared)} if declared else {}


class Train(_Plain):
    """Trains, evaluates and explains; compiles the scorer and proves it."""

    name = "train"

    def inputs(self, build: Build) -> dict[str, Any]:
        spec, dataset = build.bench.spec, build.dataset
        train = to_plain(spec.train)
        split = train.pop("split")
        return {
            "dataset": dataset.digest if dataset else "",
            "target": spec.data.target,
            "key": spec.data.key,
            "time": spec.data.time,
            "ignore": list(spec.data.ignore),
            "keep": list(spec.data.keep),
            "labels": spec.data.labels,
            "user": spec.data.user,
            "item": spec.data.item,
            "weight": spec.data.weight,
            "declared features": {
                key: value for key, value in to_plain(spec.features).items() if key != "windows"
            },
            **_windows(spec),
            "user_columns": list(spec.data.user_columns),
            "item_columns": list(spec.data.item_columns),
            **digests(build.bench),
            **train,
            **{f"split.{name}": value for name, value in split.items()},
            **{f"code.{name}": digest for name, digest in code_digests(build.bench).items()},
            "keepwell": __version__,
        }

    def execute(self, build: Build) -> str:
        spec, dataset = build.bench.spec, build.dataset
        if dataset is None:
            raise NotFoundError("there is no dataset to train on")
        must_teach(spec, dataset)
        part = rows_to_learn(build.bench, dataset, spec.data, spec.train)
        draft = learn(
            build.bench,
            part.table,
            dataset.columns,
            data=spec.data,
            spec=part.spec,
            dataset=dataset.key,
            progress=build.listener,
            part=part,
        )
        output = build.bench.blobs.write(to_json(draft))
        self.restore(build, output)
        return output

    def restore(self, build: Build, output: str) -> None:
        build.draft = from_json(Draft, build.bench.blobs.read(output))
        build.run = build.bench.runs.get(build.draft.run)
        build.findings.extend(build.draft.findings)


class Register(_Plain):
    """Gives the trained model its version number."""

    name = "register"

    def inputs(self, build: Build) -> dict[str, Any]:
        return {"run": build.draft.run if build.draft else ""}

    def execute(self, build: Build) -> str:
        draft = build.draft
        if draft is None:
            raise NotFoundError("there is nothing to register")
        build.model = register_draft(build.bench, draft)
        build.run = build.bench.runs.get(draft.run)
        return build.model.key

    def restore(self, build: Build, output: str) -> None:
        model, _, version = output.rpartition("/")
        build.model = build.bench.registry.get(model, int(version))
        if build.draft is not None:
            build.run = build.bench.runs.get(build.draft.run)


def register_draft(bench: Bench, draft: Draft) -> ModelVersion:
    """Register a draft and tell its run which version it became."""
    model = bench.registry.register(
        bench.spec.name,
        run=draft.run,
        bundle=draft.bundle,
        signature=draft.signature,
        metric=draft.metric,
        metrics=draft.metrics,
        importance=draft.importance,
        learner=draft.learner,
        dataset=draft.dataset,
        proof=draft.proof,
    )
    bench.runs.finish(draft.run, model=model.key)
    fill(bench, model.signature)  # before anybody is answered by it
    return model


class Gate(_Plain):
    """Holds the version against its limits, and against the champion on the same rows."""

    name = "gate"

    def inputs(self, build: Build) -> dict[str, Any]:
        model, spec = build.model, build.bench.spec
        inputs = {"model": model.key if model else "", "gate": to_plain(spec.gate)}
        if spec.gate.regulated and model is not None:
            inputs["papers"] = {paper.name: paper.there for paper in papers(build.bench, model)}
        return inputs

    def execute(self, build: Build) -> str:
        model, draft, dataset = build.model, build.draft, build.dataset
        if model is None or draft is None or dataset is None:
            raise NotFoundError("there is no version to judge")
        rows = np.frombuffer(build.bench.blobs.read(draft.test_rows), dtype=np.int64)
        table = build.bench.datasets.take(dataset, rows)
        champion = build.bench.registry.resolve(model.model, "champion")
        build.verdict = judge_version(
            build.bench, model, table, champion=None if champion == model.version else champion
        )
        build.model = build.bench.registry.record_gate(model.model, model.version, build.verdict)
        return build.bench.blobs.write(to_json(build.verdict))

    def restore(self, build: Build, output: str) -> None:
        build.verdict = from_json(GateVerdict, build.bench.blobs.read(output))


class Promote(_Plain):
    """Puts the version behind the endpoint: at once, or by a rollout where traffic is live."""

    name = "promote"

    def inputs(self, build: Build) -> dict[str, Any]:
        return {
            "model": build.model.key if build.model else "",
            "passed": bool(build.verdict and build.verdict.passed),
        }

    def execute(self, build: Build) -> str:
        if build.model is None or build.verdict is None:
            raise NotFoundError("there is no version to promote")
        build.serving = take_over(build.bench, build.model, build.verdict)
        return build.serving

    def restore(self, build: Build, output: str) -> None:
        build.serving = output


DATA_ONLY: tuple[Stage, ...] = (Ingest(),)
FULL: tuple[Stage, ...] = (Ingest(), Train(), Register(), Gate(), Promote())


def _noticed(dataset: DatasetVersion) -> list[str]:
    """Return what was noticed about the data, in sentences that name the column."""
    told = [
        item.message
        if not item.column or f"'{item.column}'" in item.message
        else f"'{item.column}': {item.message}"
        for item in dataset.findings
    ]
    more = len(told) - _NOTICED
    return told if more <= 0 else [*told[:_NOTICED], f"{more:,} more was noticed about the data"]
