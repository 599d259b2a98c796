"""From the file's tree to the frozen spec."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from keepwell.core.alerting import AlertsSpec
from keepwell.core.errors import NotFoundError
from keepwell.core.features import FeaturesSpec
from keepwell.core.records.dataset import ColumnType
from keepwell.core.records.model import Task
from keepwell.core.spec import (
    BudgetSpec,
    CardSpec,
    CostsSpec,
    DataSpec,
    ExplainSpec,
    FairnessSpec,
    FlagsSpec,
    GateSpec,
    IdleSpec,
    LimitsSpec,
    LogSpec,
    MachinesSpec,
    MonitorSpec,
    PowerSpec,
    PricesSpec,
    ProjectSpec,
    ProtectedSpec,
    RolloutSpec,
    SearchSpec,
    ServeSpec,
    SplitSpec,
    ThresholdSpec,
    TrainSpec,
    ValidationSpec,
    WatchedFairnessSpec,
)
from keepwell.core.spec.looping import BoundsSpec, LoopSpec, RetrainSpec
from keepwell.core.spec.tracing import TracesSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.files import storing
from keepwell.infrastructure.project_file.alerts import check_names
from keepwell.infrastructure.project_file.features import check_windows
from keepwell.infrastructure.project_file.keys import KEYS, Key
from keepwell.infrastructure.project_file.kinds import NULL
from keepwell.infrastructure.project_file.nodes import Complaints, parse

FILE = "keepwell.yaml"

_BY_PATH = {key.path: key for key in KEYS}
_SECTIONS = {
    ".".join(parts[:depth])
    for key in KEYS
    for parts in [key.path.split(".")]
    for depth in range(1, len(parts))
}


def load_project(path: Path) -> ProjectSpec:
    """Return the project that a file (or the `keepwell.yaml` of a folder) declares.

    Raises:
        NotFoundError: If there is no such file.
        ProjectFileError: If it holds an unknown key or a wrong value; each complaint has its line.
    """
    file = path / FILE if path.is_dir() else path
    with storing(f"{file} cannot be read"):
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(
                f"there is no {file.name} in {file.parent}",
                why="a project is a folder with that file",
                now="keepwell init --data data.csv --target COLUMN",
            ) from None
    complaints = Complaints(file.name)
    root = parse(file, data, complaints)
    values = dict(_values(root, "", complaints)) if root is not None else {}
    if root is not None:
        for key in KEYS:
            if key.required and key.path not in values and not complaints.found:
                complaints.add(None, f"{key.path} is missing; it says: {key.note}")
    alerts = {
        key.partition(".")[2]: value for key, value in values.items() if key.startswith("alerts.")
    }
    for wrong in (check_names(alerts), check_windows(values)):
        if wrong:
            complaints.add(None, wrong)
    if "costs.budget.monthly" in values and not any(
        values.get(key.path)
        for key in KEYS
        if key.section == "costs.prices" or key.path == "costs.models"
    ):
        complaints.add(
            None, "costs.budget.monthly needs a price: `costs: {prices: {cpu_hour: 0.04}}`"
        )
    complaints.settle()
    return _assemble(file.parent.resolve(), values)


def _values(node: MappingNode, section: str, complaints: Complaints) -> Iterator[tuple[str, Any]]:
    """Yield each key's path with its value, and complain about what cannot be understood."""
    seen: dict[str, int] = {}
    for name_node, value in node.value:
        name = str(name_node.value) if isinstance(name_node, ScalarNode) else ""
        path = f"{section}.{name}" if section else name
        if name in seen:
            complaints.add(name_node, f"{path} stands here again; it is in line {seen[name]} too")
            continue
        seen[name] = name_node.start_mark.line + 1
        if path in _SECTIONS:
            yield from _section(value, path, complaints)
        elif (key := _BY_PATH.get(path)) is None:
            complaints.add(name_node, _unknown(name, section))
        elif value.tag != NULL:
            yield from _value(key, value, complaints)


def _section(node: Node, path: str, complaints: Complaints) -> Iterator[tuple[str, Any]]:
    if isinstance(node, MappingNode):
        yield from _values(node, path, complaints)
    elif node.tag != NULL:
        first = next(key for key in KEYS if key.path.startswith(f"{path}."))
        inner = first.path.removeprefix(f"{path}.").replace(".", ": {")
        closing = "}" * (inner.count("{") + 1)
        complaints.add(
            node,
            f"{path} is {_shown(node)}; it holds keys of its own, for example "
            f"`{path.rpartition('.')[2]}: {{{inner}: {first.example}{closing}`",
        )


def _value(key: Key, node: Node, complaints: Complaints) -> Iterator[tuple[str, Any]]:
    try:
        yield key.path, key.kind.read(node)
    except (ValueError, KeyError) as error:
        # A message of our own explains; one of Python's (`int("x")`, a missing key) does not.
        own = str(error) if type(error) is ValueError and not _PYTHONS.match(str(error)) else ""
        complaints.add(
            node,
            f"{key.path} is {_shown(node)}; write {key.kind.expects}, "
            f"for example `{key.leaf}: {key.example}`" + (f" ({own})" if own else ""),
        )


_PYTHONS = re.compile(r"could not convert|invalid literal|Exceeds the limit")


def _unknown(name: str, section: str) -> str:
    known = [
        path.rpartition(".")[2]
        for path in (*_BY_PATH, *sorted(_SECTIONS))
        if path.rpartition(".")[0] == section
    ]
    where = f" under {section}" if section else ""
    text = f"unknown key '{name}'{where}"
    if hint := did_you_mean(name, known):
        return f"{text} — {hint}"
    elsewhere = [path for path in (*_BY_PATH, *_SECTIONS) if path.rpartition(".")[2] == name]
    if elsewhere:
        return f"{text} — it belongs under {elsewhere[0].rpartition('.')[0] or 'no other key'}"
    return f"{text} — known are: {', '.join(dict.fromkeys(known))}"


def _shown(node: Node) -> str:
    if isinstance(node, ScalarNode):
        text = str(node.value)
        return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"  # noqa: PLR2004
    return "a mapping" if isinstance(node, MappingNode) else "a list"


def _assemble(root: Path, values: dict[str, Any]) -> ProjectSpec:
    flat: dict[str, Any] = {}
    for path, value in values.items():
        flat.update(_BY_PATH[path].spread(value))
    if "data.types" in flat:
        flat["data.types"] = {name: ColumnType(item) for name, item in flat["data.types"].items()}
    if "train.task" in flat:
        flat["train.task"] = Task(flat["train.task"])
    flat["train.threshold"] = ThresholdSpec(**_own(ThresholdSpec, flat, "train.threshold"))
    flat["train.search"] = SearchSpec(**_own(SearchSpec, flat, "train.search"))
    flat["train.split"] = SplitSpec(**_own(SplitSpec, flat, "train.split"))
    flat["serve.rollout"] = RolloutSpec(**_own(RolloutSpec, flat, "serve.rollout"))
    flat["serve.limits"] = LimitsSpec(**_own(LimitsSpec, flat, "serve.limits"))
    flat["serve.flags"] = FlagsSpec(**_own(FlagsSpec, flat, "serve.flags"))
    flat["serve.log"] = LogSpec(**_own(LogSpec, flat, "serve.log"))
    flat["monitor.validation"] = ValidationSpec(**_own(ValidationSpec, flat, "monitor.validation"))
    flat["monitor.machines"] = MachinesSpec(**_own(MachinesSpec, flat, "monitor.machines"))
    flat["costs.prices"] = PricesSpec(**_own(PricesSpec, flat, "costs.prices"))
    flat["costs.power"] = PowerSpec(**_own(PowerSpec, flat, "costs.power"))
    flat["costs.budget"] = BudgetSpec(**_own(BudgetSpec, flat, "costs.budget"))
    flat["costs.idle"] = IdleSpec(**_own(IdleSpec, flat, "costs.idle"))
    flat["monitor.fairness"] = WatchedFairnessSpec(
        **_own(WatchedFairnessSpec, flat, "monitor.fairness")
    )
    flat["loop.retrain"] = RetrainSpec(**_own(RetrainSpec, flat, "loop.retrain"))
    flat["loop.limits"] = BoundsSpec(**_own(BoundsSpec, flat, "loop.limits"))
    if "gate.fairness.by" in flat:
        flat["gate.fairness"] = FairnessSpec(**_own(FairnessSpec, flat, "gate.fairness"))
    return ProjectSpec(
        name=flat.get("name") or _name_of(root),
        root=root,
        data=DataSpec(**_own(DataSpec, flat, "data")),
        features=FeaturesSpec(**_own(FeaturesSpec, flat, "features")),
        train=TrainSpec(**_own(TrainSpec, flat, "train")),
        gate=GateSpec(**_own(GateSpec, flat, "gate")),
        serve=ServeSpec(**_own(ServeSpec, flat, "serve")),
        monitor=MonitorSpec(**_own(MonitorSpec, flat, "monitor")),
        loop=LoopSpec(**_own(LoopSpec, flat, "loop")),
        batch=flat.get("batch", ()),
        card=CardSpec(**_own(CardSpec, flat, "card")),
        costs=CostsSpec(**_own(CostsSpec, flat, "costs")),
        fairness=ProtectedSpec(**_own(ProtectedSpec, flat, "fairness")),
        explain=ExplainSpec(**_own(ExplainSpec, flat, "explain")),
        alerts=AlertsSpec(**_own(AlertsSpec, flat, "alerts")),
        traces=TracesSpec(**_own(TracesSpec, flat, "traces")),
    )


def _own(cls: Any, flat: dict[str, Any], section: str) -> dict[str, Any]:
    paths = {item.name: f"{section}.{item.name}" for item in fields(cls)}
    return {name: flat[path] for name, path in paths.items() if path in flat}


def _name_of(folder: Path) -> str:
    """Return the folder's name as a project's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:100] or "project"
