"""`keepwell causes`: which of many services brought an alarm about."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from keepwell.cli.options import AsJson, command_app, examples
from keepwell.cli.output import Output
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.operations.causes import Blame

app = command_app()


@app.command(
    epilog=examples(
        "keepwell causes metrics.csv --graph calls.csv --service shop --since 2026-03-01T14:05:00Z",
        "keepwell causes metrics.parquet --graph calls.csv --service shop --alarm availability"
        " --since 1772373900",
    )
)
def causes(
    measurements: Annotated[
        Path, typer.Argument(help="CSV or Parquet: time, node, metric, value.", exists=True)
    ],
    graph: Annotated[Path, typer.Option("--graph", help="CSV: caller, callee.", exists=True)],
    service: Annotated[str, typer.Option("--service", help="The service of the alarm.")],
    since: Annotated[
        str, typer.Option("--since", help="When it began: ISO 8601, or Unix seconds.")
    ],
    alarm: Annotated[
        Literal["latency", "availability"], typer.Option("--alarm", help="What the alarm is about.")
    ] = "latency",
    as_json: AsJson = False,
) -> None:
    """Rank the services behind an alarm by how much of it is their own.

    metric is latency (mean seconds), availability (percent) and requests (a step of time's); both times
    before and after the start of the alarm are needed. What a service's callees explain is taken off.
    """
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.causes import ServiceGraph, blame, excess_of

    calls = _read(graph, ("caller", "callee"))
    rows = _with_seconds(_read(measurements, ("time", "node", "metric", "value")))
    pairs = zip(calls["caller"].to_pylist(), calls["callee"].to_pylist(), strict=True)
    ranked = blame(ServiceGraph.of(pairs), service, excess_of(rows, alarm, _moment(since)))
    out = Output(as_json=as_json)
    out.answer({"causes": to_plain(ranked)}, lambda: _tell(out, ranked, alarm))


def _read(path: Path, columns: tuple[str, ...]) -> Any:
    """Return a file as an Arrow table that has the columns."""
    from pyarrow import csv, parquet

    try:
        table = parquet.read_table(path) if path.suffix == ".parquet" else csv.read_csv(path)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read", why=str(error), now="give a CSV or a Parquet file"
        ) from error
    for name in columns:
        if name not in table.column_names:
            raise UsageError(
                f"{path} has no column '{name}'",
                why=f"it has {', '.join(table.column_names)}",
                now=f"give a table with the columns {', '.join(columns)}",
            )
    return table


def _with_seconds(table: Any) -> Any:
    import pyarrow as pa

    place = table.column_names.index("time")
    times = table["time"]
    if pa.types.is_timestamp(times.type):
        micros = times.cast(pa.timestamp("us", times.type.tz)).cast(pa.int64())
        times = pa.array([None if one is None else one / 1e6 for one in micros.to_pylist()])
    elif pa.types.is_string(times.type):
        times = pa.array([_moment(one) for one in times.to_pylist()])
    return table.set_column(place, "time", times.cast(pa.float64()))


def _moment(text: str) -> float:
    from datetime import UTC, datetime

    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"'{text}' is no time",
            why=str(error),
            now="write 2026-03-01T14:05:00Z, or Unix seconds",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _tell(out: Output, ranked: "list[Blame]", alarm: str) -> None:
    guilty = [one for one in ranked if one.own > 0]
    if not guilty:
        out.say(
            "no service costs more than before: the alarm is not explained by these measurements"
        )
        return
    unit = "s of requests' time" if alarm == "latency" else "failed requests"
    out.table(
        ["service", "its own part", f"{unit}, own", "with its callees", "by way of"],
        [
            [one.node, f"{one.share:.0%}", f"{one.own:.4g}", f"{one.excess:.4g}",
             " → ".join(one.path[1:-1]) or "directly"]
            for one in guilty[:10]
        ],
    )  # fmt: skip
