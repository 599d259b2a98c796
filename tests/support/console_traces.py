"""What the console's pages of traces have to show: requests of two applications, scores, a failure."""

from dataclasses import replace

from console_world import Told
from traced_world import request, trace_id

from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.core.spec.tracing import LimitSpec, ModelPrice, TracesSpec

REQUESTS = 70


def tell_traces(told: Told) -> None:
    """Leave what an application tells in half an hour, and what people think of it."""
    workspace, now = told.workspace, told.clock.now()
    prices = (ModelPrice(model="gpt-4o-mini", input=0.15, output=0.6),)
    workspace.spec = replace(
        workspace.spec,
        costs=replace(workspace.spec.costs, models=prices),
        traces=TracesSpec(
            limits=(LimitSpec(name="latency_p95_ms", value=900.0),),
            objectives=(ObjectiveSpec(kind="latency", limit=900.0, target=0.9),),
        ),
    )
    spans = [
        span
        for at in range(REQUESTS)
        for span in request(
            at,
            ms=500.0 + 37 * (at % 13),
            error="rate limit <b>exceeded</b>" if at == 3 else "",
            now=now - 1200 + 20 * at,
        )
    ]
    workspace.traces.store.take(spans)
    workspace.traces.store.take([{"app": "mailer", "trace": trace_id(900), "time": now - 60}])
    for at in (2, 5, 8):
        item = {"trace": trace_id(at), "name": "helpful", "value": at / 10, "comment": "short"}
        workspace.traces.score(item, by="ana")
