"""Windows of the project file: their columns in the data set, and what a version needs of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import TrainingError, UsageError
from keepwell.core.features import Window
from keepwell.core.records import Column, ColumnType, Field, History, Signature
from keepwell.core.suggestions import did_you_mean
from keepwell.data.deriving import Derive, Read

if TYPE_CHECKING:
    from keepwell.core.spec import ProjectSpec
    from keepwell.operations.build.bench import Bench

_SUMMED = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
_NO_KEY = (ColumnType.DATETIME, ColumnType.IMAGE)


def derivation(spec: "ProjectSpec") -> Derive | None:
    """Return what adds the columns of a project's windows to its data; None if it declares none."""
    windows, time = spec.features.windows, spec.data.time
    if not windows:
        return None

    def derive(columns: Sequence[Column], read: Read) -> Any:
        from keepwell.features.windows import windowed

        must_fit(windows, time, columns)
        return windowed(read(sources(windows, time)), windows, time)

    return derive


def sources(windows: Sequence[Window], time: str) -> list[str]:
    """Return the columns that windows are calculated from."""
    names = [time, *(name for window in windows for name in window.series if name)]
    return list(dict.fromkeys(names))


def must_fit(windows: Sequence[Window], time: str, columns: Sequence[Column]) -> None:
    """Refuse windows that the data's columns do not allow.

    Raises:
        UsageError: Names the window and the column.
    """
    kinds = {column.name: column.type for column in columns}
    _must_be(kinds, time, "`data.time`", (ColumnType.DATETIME,), "a point in time")
    for window in windows:
        who = f"the window '{window.name}'"
        if window.name in kinds:
            raise UsageError(
                f"{who} has the name of a column of the data",
                why="its values would stand in the place of that column's",
                now="give it another name under `features.windows`",
            )
        keys = tuple(kind for kind in ColumnType if kind not in _NO_KEY)
        _must_be(
            kinds,
            window.by,
            f"`by:` of {who}",
            keys,
            "a key: a category, an identifier or a number",
        )
        if window.of:
            _must_be(kinds, window.of, f"`of:` of {who}", _SUMMED, "a number")


def _must_be(
    kinds: dict[str, ColumnType], name: str, where: str, allowed: Sequence[ColumnType], what: str
) -> None:
    if name not in kinds:
        raise UsageError(
            f"{where} names the column '{name}', which the data does not have",
            why=f"its columns are {', '.join(list(kinds)[:20])}",
            now=did_you_mean(name, list(kinds)) or "name one of them in keepwell.yaml",
        )
    if kinds[name] not in allowed:
        raise UsageError(
            f"{where} names the column '{name}', which is {kinds[name].value}",
            why=f"it has to be {what}",
            now=f"name another column, or say its type: `data: {{types: {{{name}: {allowed[0].value}}}}}`",
        )


def must_go_on(bench: "Bench") -> None:
    """Refuse windows that cannot be served, before anything is trained.

    Raises:
        UsageError: If a window means something else than in the champion, whose answers are in the log under
            that name; if several machines serve.
    """
    windows = bench.spec.features.windows
    if not windows:
        return
    if bench.shared:
        raise UsageError(
            "`features.windows` does not go with a record in PostgreSQL",
            why="what happened lately is kept in a file of one machine, and others would not know it",
            now="calculate these columns where the rows are kept, and send them along",
        )
    champion = bench.registry.resolve(bench.spec.name, "champion")
    history = (
        None
        if champion is None
        else bench.registry.get(bench.spec.name, champion).signature.history
    )
    before = {} if history is None else {window.name: window for window in history.windows}
    for window in windows:
        if before.get(window.name, window) != window:
            raise UsageError(
                f"the window '{window.name}' means something else than in version {champion}",
                why="that version serves, and its values are in the log under the same name",
                now=f"give it another name under `features.windows`, such as {window.name}_2",
            )


def with_history(bench: "Bench", signature: Signature) -> Signature:
    """Return a signature with what its windows are calculated from, if it takes any.

    Raises:
        TrainingError: If the data set does not have what they are calculated from.
    """
    names = {item.name for item in signature.inputs}
    windows = tuple(one for one in bench.spec.features.windows if one.name in names)
    if not windows:
        return signature
    time = bench.spec.data.time
    dataset = bench.datasets.get(bench.spec.dataset)
    kinds = {column.name: column for column in dataset.columns}
    wanted = sources(windows, time)
    if absent := [name for name in wanted if name not in kinds]:
        raise TrainingError(
            f"{dataset.key} has no column '{absent[0]}'",
            why="a window is calculated from it",
            now="keepwell run reads the source again",
        )
    first = bench.datasets.take(dataset, [0], wanted).to_pylist()[0]
    columns = tuple(_field(signature, kinds[name], first[name]) for name in wanted)
    return replace(signature, history=History(windows=windows, time=time, columns=columns))


def _field(signature: Signature, column: Column, value: Any) -> Field:
    known = signature.input(column.name)
    if known is not None:
        return known
    kind = column.type
    if kind is ColumnType.IDENTIFIER:
        kind = ColumnType.INTEGER if isinstance(value, int) else ColumnType.CATEGORY
    example = value.isoformat() if kind is ColumnType.DATETIME and value is not None else value
    return Field(name=column.name, type=kind, example=example)
