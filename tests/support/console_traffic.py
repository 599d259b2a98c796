"""Six hours of traffic: what workers log and the monitor measures."""

import json
import math
import random

from console_customers import IMPORTANCE, NAME, SIGNATURE, rows

from keepwell.core.identifiers import new_id
from keepwell.core.ports import Point
from keepwell.core.records import ColumnType, Field, Prediction, Signal
from keepwell.infrastructure.codec import to_plain
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction
from keepwell.monitoring.report import Bars, ColumnReport, Report
from keepwell.workspace import Workspace

HOUR = 3600.0


SIGNAL = Signal(
    kind="drift",
    endpoint=NAME,
    version=2,
    column="MonthlyCharges",
    value=0.21,
    limit=0.1,
    severity=0.5,
    message="MonthlyCharges moved",
    rows=1302,
)


def measure(workspace: Workspace, now: float) -> None:
    """Leave six hours of measurements: good, broken for a quarter of an hour, healed."""
    dice = random.Random(7)
    broken = (now - 3 * HOUR, now - 3 * HOUR + 900)
    points = []
    for at in range(360):
        time = now - (359 - at) * 60
        base = 0.64 if broken[0] - 300 < time < broken[1] else 0.828 if time > broken[1] else 0.81
        load = 14 + 9 * math.sin(at / 50) + dice.random() * 4
        for name, value in {
            "metric:accuracy": base + dice.gauss(0, 0.008),
            "metric:roc_auc": base + 0.04 + dice.gauss(0, 0.008),
            "requests": load,
            "latency_p50_ms": 0.42 + load / 200,
            "latency_p95_ms": 0.9 + load / 60 + dice.random() / 3,
            "latency_p99_ms": 1.8 + load / 30 + dice.random(),
            "error_rate": 0.0 if dice.random() < 0.9 else 0.004,
            "rows": load * 60,
        }.items():
            points.append(Point(name, time, value))
    workspace.measurements.append(f"endpoint:{NAME}", points)


def predict(workspace: Workspace, now: float, version: int, count: int = 60) -> tuple[str, ...]:
    """Answer customers as a worker would log it, tell the outcomes of two thirds; return the ids."""
    dice = random.Random(5)
    made = []
    for at, row in enumerate(rows(count, 9)):
        time, share = now - (count - at) * 7, dice.random()
        inputs = {name: value for name, value in row.items() if name not in ("customerID", "Churn")}
        made.append(
            Prediction(
                id=new_id(time),
                time=time,
                endpoint=NAME,
                model=NAME,
                version=version,
                role="champion",
                request=new_id(time),
                key=row["customerID"],
                inputs=json.dumps(inputs),
                prediction=json.dumps("Yes" if share > 0.5 else "No"),
                probabilities=(1 - share, share),
                latency_ms=0.3 + dice.random(),
                caller="127.0.0.1",
            )
        )
    writer = SegmentWriter(workspace.home / "serving" / "segments", "worker-0")
    for item in made:
        writer.append(encode_prediction(item))
    writer.close()
    workspace.collector.collect()
    known = made[: count * 2 // 3]
    workspace.feedback.record(
        NAME, [{"prediction_id": item.id, "outcome": dice.choice(("Yes", "No"))} for item in known]
    )
    return tuple(item.id for item in made)


def watch(workspace: Workspace, now: float, version: int) -> None:
    """Leave a look of the monitor: one column drifts, one brings values that training never saw."""
    columns = tuple(_column(item, IMPORTANCE[item.name]) for item in SIGNATURE.inputs)
    report = Report(
        endpoint=NAME,
        model=NAME,
        version=version,
        time=now,
        since=now - HOUR,
        until=now,
        rows=1302,
        columns=columns,
        signals=(SIGNAL,),
        reading="One of eight columns moved away from training.",
    )
    workspace.measurements.write_report(f"endpoint:{NAME}", now, to_plain(report))
    drifts = [Point(f"drift:{column.name}", now, column.effect) for column in columns]
    workspace.measurements.append(f"endpoint:{NAME}", drifts)


def _column(item: Field, importance: float) -> ColumnReport:
    drifted = item.name == "MonthlyCharges"
    dice = random.Random(item.name)
    names = item.categories[:4] or (("false", "true") if item.type is ColumnType.BOOLEAN else ())
    count = len(names) or 20
    reference = _shares([1 + math.sin(at / count * 3.1) * 3 + dice.random() for at in range(count)])
    tilt = 1.4 if drifted else 0.05
    current = _shares([share * (1 + tilt * at / count) for at, share in enumerate(reference)])
    if item.type is ColumnType.TEXT:
        return ColumnReport(name=item.name, type=item.type, message="free text is not compared")
    return ColumnReport(
        name=item.name,
        type=item.type,
        rows=1302,
        detector="jensen_shannon" if names else "kolmogorov_smirnov",
        effect=0.21 if drifted else 0.02 + dice.random() / 20,
        limit=0.1,
        drifted=drifted,
        severity=importance if drifted else 0.0,
        message="half of the values are above 91, in training above 66" if drifted else "",
        importance=importance,
        missing=0.031 if item.name == "TotalCharges" else 0.0,
        missing_reference=0.002 if item.name == "TotalCharges" else 0.0,
        unseen=(("PayPal", 0.043),) if item.name == "PaymentMethod" else (),
        bars=Bars(
            labels=names,
            edges=() if names else _edges(item.type, count),
            reference=reference,
            current=current,
        ),
    )


def _edges(kind: ColumnType, count: int) -> tuple[float, ...]:
    start, step = (1.5e9, 1.2e7) if kind is ColumnType.DATETIME else (18.0, 5.0)
    return tuple(start + step * at for at in range(count + 1))


def _shares(weights: list[float]) -> tuple[float, ...]:
    return tuple(weight / sum(weights) for weight in weights)
