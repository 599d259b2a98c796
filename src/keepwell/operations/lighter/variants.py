"""Which lighter variants there are."""

from keepwell.core.errors import KeepwellError
from keepwell.core.records import ModelVersion
from keepwell.infrastructure.codec import from_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.lighter.evidence import EVIDENCE, KIND, PARENT, Lighter, LighterVariant


def lighter_of(bench: Bench, version: ModelVersion) -> Lighter | None:
    """Return what is known about a version as a lighter variant; None if it is none."""
    try:
        run = bench.runs.get(version.run)
        if run.kind != KIND:
            return None
        return from_json(Lighter, bench.runs.read(run.id, EVIDENCE))
    except KeepwellError:
        return None


def lighter_variants(
    bench: Bench, version: ModelVersion, *, gated: bool = True
) -> list[LighterVariant]:
    """Return the lighter variants of a version, the fastest first.

    Args:
        bench: The workspace's parts.
        version: What they were made from.
        gated: Those alone whose gate passed: only these may serve.
    """
    found = []
    for each in bench.registry.versions(version.model):
        if gated and (each.gate is None or not each.gate.passed):
            continue
        if each.version <= version.version or not _is_of(bench, each, version):
            continue
        evidence = lighter_of(bench, each)
        if evidence is not None:
            found.append(LighterVariant(version=each, evidence=evidence))
    return sorted(found, key=lambda one: one.evidence.light.row_ms)


def _is_of(bench: Bench, each: ModelVersion, version: ModelVersion) -> bool:
    try:
        return bench.runs.get(each.run).tags.get(PARENT) == version.key
    except KeepwellError:  # registered from outside, its run is not here
        return False
