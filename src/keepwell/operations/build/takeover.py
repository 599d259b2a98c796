"""What becomes of a version that was judged."""

from keepwell.core.records import GateVerdict, ModelVersion
from keepwell.operations.build.bench import Bench


def take_over(bench: Bench, version: ModelVersion, verdict: GateVerdict) -> str:
    """Make a version that passed its gate the champion, or start its rollout.

    The first version goes live at once, and so does one whose endpoint nobody is serving. Where
    `keepwell up` serves a champion, the project's rollout strategy decides.

    Returns:
        `champion`, `rollout ID`, or `not promoted: …`.
    """
    name, model = bench.spec.endpoint, version.model
    if not verdict.passed:
        failed = [check for check in verdict.checks if not check.passed]
        return f"not promoted: {'; '.join(check.detail or check.name for check in failed)}"
    champion = bench.registry.resolve(model, "champion")
    strategy = bench.spec.serve.rollout.strategy
    if champion is not None and champion != version.version and strategy == "canary":
        from keepwell.operations.serving.presence import is_up

        if is_up(bench.home):
            rollout = bench.rollouts.start(
                name,
                version.version,
                spec=bench.spec.serve.rollout,
                reason="keepwell run: gate passed",
            )
            return f"rollout {rollout.id}"
    bench.registry.point(model, "champion", version.version, why="gate passed")
    bench.endpoints.deploy(name, model, version.version, "gate passed", key=bench.spec.data.key)
    return "champion"
