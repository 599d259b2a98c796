"""Checks of the data: it is there, it reads, it keeps its contract, the target is in it."""

from keepwell.operations.verification.checks import Check, NotApplicable, Subject, Unmet


def keeps_its_contract(subject: Subject) -> str:
    """Read the source as an ingest would, and keep nothing of it."""
    spec = subject.bench.spec
    contract = spec.root / spec.data.contract
    rows, findings = subject.bench.datasets.check(
        spec.dataset,
        spec.data.source,
        root=spec.root,
        contract=contract if contract.is_file() else None,
        types=spec.data.types,
    )
    kept = f"{rows:,} rows keep {contract.name}" if contract.is_file() else f"{rows:,} rows read"
    return kept + (f"; {len(findings)} remarks" if findings else "")


def holds_its_target(subject: Subject) -> str:
    """Look whether there is something to learn: a target with several values."""
    data = subject.bench.spec.data
    if not data.target:
        raise NotApplicable("the project has no target: its data is only kept and checked")
    return "; ".join(_varies(subject, target) for target in data.targets or (data.target,))


def _varies(subject: Subject, target: str) -> str:
    profile = subject.bench.datasets.profile(subject.dataset).column(target)
    if profile is None:
        raise Unmet(f"the data has no column '{target}'")
    if profile.distinct < 2:  # noqa: PLR2004
        raise Unmet(f"'{target}' holds one value in {profile.rows:,} rows")
    return f"'{target}' holds {profile.distinct:,} values, {profile.missing:,} are missing"


CHECKS = (
    Check(group="data", name="the source reads and keeps its contract", holds=keeps_its_contract),
    Check(group="data", name="the target is there and varies", holds=holds_its_target),
)
