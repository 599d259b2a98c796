"""Making a version the champion by hand, and taking that back: alias and endpoint together."""

from keepwell.core.errors import ConflictError
from keepwell.operations.build import shortcut
from keepwell.operations.build.bench import Bench
from keepwell.operations.insight.papers import demand_papers


def promote(bench: Bench, version: int, why: str, *, force: bool = False) -> int | None:
    """Put a version behind the project's endpoint with all traffic, at once.

    Returns:
        The version that served before; None if none did.

    Raises:
        NotFoundError: If there is no such version.
        GateError: If it did not pass its gate, unless `force`; if the project is regulated and its
            papers are not complete, whatever `force` says.
        ConflictError: If a rollout is running.
    """
    model, name = bench.spec.name, bench.spec.endpoint
    endpoint = bench.endpoints.get(name)
    if endpoint is not None and endpoint.rollout:
        raise ConflictError(
            f"a rollout of '{name}' is running",
            why=f"rollout {endpoint.rollout} decides who serves next",
            now="wait for it (keepwell rollout status), or end it: keepwell rollout promote, or abort",
        )
    demand_papers(bench, bench.registry.get(model, version))
    before = bench.registry.resolve(model, "champion")
    bench.registry.point(model, "champion", version, why=why, force=force)
    bench.endpoints.deploy(name, model, version, why, key=bench.spec.data.key)
    shortcut.forget(bench.spec.root)
    return before


def rollback(bench: Bench, why: str) -> tuple[int, int | None]:
    """Put the champion of before back.

    Returns:
        The version that serves now, and the one that served until now.

    Raises:
        NotFoundError: If there was none before.
    """
    model = bench.spec.name
    before = bench.registry.resolve(model, "champion")
    alias = bench.registry.revert(model, why=why)
    bench.endpoints.deploy(bench.spec.endpoint, model, alias.version, why, key=bench.spec.data.key)
    shortcut.forget(bench.spec.root)
    return alias.version, before
