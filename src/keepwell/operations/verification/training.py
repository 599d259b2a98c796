"""Checks of the training: from a sample of rows to a proven scorer, in seconds, leaving nothing."""

from dataclasses import replace

from keepwell.operations.verification.checks import Check, NotApplicable, Subject, Unmet

ROWS = 2_000
SECONDS = 5.0


def trains_on_a_sample(subject: Subject) -> str:
    """Train on a sample with a small budget, compile the model, and prove it."""
    import numpy as np

    from keepwell.deployment.scoring import build_scorer_files
    from keepwell.training import train

    spec = subject.bench.spec
    if not spec.learns:
        raise NotApplicable("the project has no target and no task")
    table = subject.bench.datasets.read(subject.dataset)
    if table.num_rows > ROWS:
        table = table.take(np.linspace(0, table.num_rows - 1, ROWS).astype(np.int64))
    budget = min(SECONDS, spec.train.budget)
    trained = train(table, subject.dataset.columns, spec.data, replace(spec.train, budget=budget))
    _, proof = build_scorer_files(trained.pipeline, trained.signature, table.slice(0, ROWS // 10))
    scored = trained.metrics[trained.metric].value
    if proof.compiled and proof.largest_difference > 1e-9:  # noqa: PLR2004 (the scorer's own limit)
        raise Unmet(f"the scorer differs from its pipeline by {proof.largest_difference:g}")
    how = "compiled" if proof.compiled else f"runs as it is: {proof.reason}"
    return f"{trained.learner} on {table.num_rows:,} rows, {trained.metric} {scored:.4g}; {how}"


CHECKS = (
    Check(group="training", name="training works on a sample of rows", holds=trains_on_a_sample),
)
