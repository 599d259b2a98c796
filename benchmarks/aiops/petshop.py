"""Causes of alarms in a shop of 41 services: PetShop's 68 injected issues (Hardt et al. 2024).

    python -m benchmarks.aiops.petshop

Each issue gives an alarm at the front service, latency or availability; measured are 5-minute means of each
service, some minutes before and after. Ours gets those, the graph and the time of the alarm. Beside it, in
the same run: services ranked by how many deviations they are off, and the same for those without a callee
that is off too (a walk down the graph).
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own
import pyarrow as pa

from keepwell.operations.causes import ServiceGraph, blame, excess_of

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "aiops_petshop_rca"
STEP = 300.0
_LOUD = 3.0


@dataclass(frozen=True)
class Issue:
    """One injected issue."""

    scenario: str
    target: str
    alarm: Any
    since: float
    cause: str
    rows: pd.DataFrame
    graph: ServiceGraph


def main() -> int:
    """Run all, and print a table."""
    if not DATA.exists():
        print(f"{DATA} is not there")
        return 1
    issues = list(load())
    print(f"{'':26} {'issues':>7} {'top 1':>7} {'top 3':>7}")
    for name, rank in RANKINGS.items():
        ranks = [_place(rank(issue), issue.cause) for issue in issues]
        _print(name, ranks)
        if name != "keepwell":
            continue
        for scenario in sorted({issue.scenario for issue in issues}):
            for alarm in ("latency", "availability"):
                some = [
                    place
                    for place, issue in zip(ranks, issues, strict=True)
                    if (issue.scenario, issue.alarm) == (scenario, alarm)
                ]
                _print(f"  {scenario.removesuffix('_traffic')}, {alarm}", some)
    return 0


def _print(name: str, ranks: list[int]) -> None:
    first = np.mean([place <= 1 for place in ranks])
    third = np.mean([place <= 3 for place in ranks])
    print(f"{name:26} {len(ranks):7} {first:7.1%} {third:7.1%}")


def _place(ranked: list[str], cause: str) -> int:
    return ranked.index(cause) + 1 if cause in ranked else len(ranked) + 1


def load() -> Iterator[Issue]:
    """Yield the issues."""
    rows = pd.read_parquet(DATA / "metrics.parquet").astype(
        {name: str for name in ("scenario", "split", "issue", "node", "metric", "statistic")}
    )
    rows = rows[(rows["statistic"] == "Average") | (rows["metric"] == "requests")]
    rows["time"] = rows["timestamp"].dt.as_unit("s").astype("int64").astype(float)
    calls = pd.read_csv(DATA / "service_graph.csv")
    issues = pd.read_csv(DATA / "issues.csv", parse_dates=["target_timestamp"])
    for one in issues.itertuples():
        of_issue = (
            (rows["scenario"] == one.scenario)
            & (rows["split"] == one.split)
            & (rows["issue"] == one.issue)
        )
        edges = calls[calls["scenario"] == one.scenario]
        yield Issue(
            scenario=one.scenario,
            target=one.target_node,
            alarm=one.target_metric,
            since=one.target_timestamp.timestamp() - STEP + 1,  # it was raised on the step before
            cause=one.root_cause_node,
            rows=rows[of_issue][["time", "node", "metric", "value"]],
            graph=ServiceGraph.of(zip(edges["caller"], edges["callee"], strict=True)),
        )


def ours(issue: Issue) -> list[str]:
    """Return services by the part of the excess that is their own."""
    table = pa.Table.from_pandas(issue.rows, preserve_index=False)
    excess = excess_of(table, issue.alarm, issue.since)
    return [one.node for one in blame(issue.graph, issue.target, excess)]


def deviations(issue: Issue) -> list[str]:
    """Return services by how many deviations they are off."""
    off = _off(issue)
    return sorted(issue.graph.reachable(issue.target), key=lambda node: -off.get(node, 0.0))


def walk(issue: Issue) -> list[str]:
    """Return services that are off and whose callees are not, before the others."""
    off = _off(issue)

    def order(node: str) -> tuple[bool, float]:
        lower = any(off.get(callee, 0.0) > _LOUD for callee in issue.graph.callees[node])
        return off.get(node, 0.0) <= _LOUD or lower, -off.get(node, 0.0)

    return sorted(issue.graph.reachable(issue.target), key=order)


def _off(issue: Issue) -> dict[str, float]:
    rows = issue.rows[issue.rows["metric"] == issue.alarm]
    found = {}
    for node, part in rows.groupby("node"):
        before = part[part["time"] < issue.since]["value"]
        after = part[part["time"] >= issue.since]["value"]
        if len(before) and len(after):
            scale = np.nan_to_num(before.std()) + 0.01 * abs(before.mean()) + 1e-9
            found[str(node)] = float(abs(after.mean() - before.mean()) / scale)
    return found


RANKINGS: dict[str, Callable[[Issue], list[str]]] = {
    "keepwell": ours,
    "deviations": deviations,
    "walk down the graph": walk,
}

if __name__ == "__main__":
    sys.exit(main())
