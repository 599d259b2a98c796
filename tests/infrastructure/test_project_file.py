"""The project file: what is read from it, and what is refused, with its line and what may be meant."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from project_files import complaint as _complaint
from project_files import complaints as _complaints
from project_files import load as _load

from keepwell.core.errors import NotFoundError, ProjectFileError
from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import (
    DataSpec,
    FairnessSpec,
    GateSpec,
    MonitorSpec,
    ProjectSpec,
    RolloutSpec,
    ServeSpec,
    SplitSpec,
    TrainSpec,
)
from keepwell.core.spec.looping import LoopSpec, RetrainSpec
from keepwell.infrastructure.project_file import load_project
from keepwell.infrastructure.project_file.keys import KEYS

DESIGN = """\
project: churn
data:
  source: data/telco.csv
  target: Churn
  key: customerID
  time: null
  contract: contract.yaml
train:
  metric: roc_auc
  budget: 60s
gate:
  min: {roc_auc: 0.80}
  champion: {max_drop: 0.002}
  latency_ms: 5
  fairness: {by: gender, max_gap: 0.10}
serve:
  endpoint: churn
  rollout: {strategy: canary, steps: [5, 25, 100], hold: 2m}
monitor:
  window: 1h
  drift: auto
  labels: {delay: 7d}
loop:
  retrain: {on: [drift, performance], schedule: "0 3 * * 1", cooldown: 6h}
"""


def test_the_example_of_the_design_is_read_to_the_letter(file: Path) -> None:
    assert _load(file, DESIGN) == ProjectSpec(
        name="churn",
        root=file.parent.resolve(),
        data=DataSpec(source="data/telco.csv", target="Churn", key="customerID"),
        train=TrainSpec(metric="roc_auc", budget=60.0),
        gate=GateSpec(
            min={"roc_auc": 0.8},
            max_drop=0.002,
            latency_ms=5.0,
            fairness=FairnessSpec(by="gender", max_gap=0.1),
        ),
        serve=ServeSpec(
            endpoint="churn", rollout=RolloutSpec(strategy="canary", steps=(5, 25, 100), hold=120.0)
        ),
        monitor=MonitorSpec(window_seconds=3600.0, labels_delay=604800.0),
        loop=LoopSpec(
            retrain=RetrainSpec(on=("drift", "performance"), schedule="0 3 * * 1", cooldown=21600.0)
        ),
    )


def test_all_but_the_source_is_optional(tmp_path: Path) -> None:
    folder = tmp_path / "my churn project!"
    folder.mkdir()
    spec = _load(folder / "keepwell.yaml", "data:\n  source: x.csv\n")
    assert spec == ProjectSpec(
        name="my-churn-project", root=folder.resolve(), data=DataSpec(source="x.csv")
    )
    assert load_project(folder) == spec
    assert (
        _load(folder / "keepwell.yaml", "data: {source: x.csv}\ntrain:\ngate: ~\nloop: {}\n")
        == spec
    )


@pytest.mark.parametrize(
    ("text", "section", "field", "value"),
    [
        ("monitor: {window: 500}", "monitor", "window_rows", 500),
        ("monitor: {window: 90s}", "monitor", "window_seconds", 90.0),
        ("monitor: {drift: off}", "monitor", "drift", "off"),
        ("loop: {enabled: no}", "loop", "enabled", False),
        ("loop: {retrain: {on: drift}}", "loop", "retrain", RetrainSpec(on=("drift",))),
        ("loop: {retrain: {on: []}}", "loop", "retrain", RetrainSpec(on=())),
        ("train: {task: binary}", "train", "task", Task.BINARY),
        ("train: {split: {by: time, test: 0.3}}", "train", "split", SplitSpec(by="time", test=0.3)),
        ("serve: {workers: 4, port: 80}", "serve", "port", 80),
        ("serve: {memory: 1.5GB}", "serve", "memory", 1_500_000_000),
        ("serve: {idle: 15m}", "serve", "idle", 900.0),
        ("gate: {min: {rmse: 1e3}}", "gate", "min", {"rmse": 1000.0}),
    ],
)
def test_values_are_read_as_they_are_meant(
    file: Path, text: str, section: str, field: str, value: Any
) -> None:
    spec = _load(file, f"data: {{source: x.csv}}\n{text}\n")
    assert getattr(getattr(spec, section), field) == value


def test_names_of_columns_are_taken_to_the_letter(file: Path) -> None:
    spec = _load(
        file,
        "data:\n  source: x.csv\n  target: Yes\n  key: 010\n  time: 2024-01-01\n"
        "  types: {on: category, 1.0: text}\n  ignore: [null, 'a, b', 🐋]\n  keep: on\n",
    )
    assert (spec.data.target, spec.data.key, spec.data.time) == ("Yes", "010", "2024-01-01")
    assert spec.data.types == {"on": ColumnType.CATEGORY, "1.0": ColumnType.TEXT}
    assert spec.data.ignore == ("null", "a, b", "🐋")
    assert spec.data.keep == ("on",)


def test_an_unknown_key_is_refused_with_its_line_and_the_closest(file: Path) -> None:
    text = "project: x\n\ndata:\n  source: x.csv\n\ntrain:\n  # a comment\n  metrc: roc_auc\n"
    assert _complaints(file, text) == [
        "keepwell.yaml:8: unknown key 'metrc' under train — did you mean 'metric'?"
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("trian: {}", "unknown key 'trian' — did you mean 'train'?"),
        ("cooldown: 6h", "unknown key 'cooldown' — it belongs under loop.retrain"),
        ("gate: {zzz: 1}",
         "unknown key 'zzz' under gate — known are: min, latency_ms, regulated, champion, fairness"),
        ("train: {budget: 60}",
         "train.budget is '60'; write a duration, for example `budget: 60s` "
         "(it has no unit: did you mean 60s?)"),
        ("train: {budget: soon}", "train.budget is 'soon'; write a duration, for example `budget: 60s`"),
        ("train: {folds: many}",
         "train.folds is 'many'; write a whole number of at least 2, for example `folds: 5`"),
        ("train: {folds: 1}",
         "train.folds is '1'; write a whole number of at least 2, for example `folds: 5`"),
        ("train: {folds: 2.5}",
         "train.folds is '2.5'; write a whole number of at least 2, for example `folds: 5`"),
        ("train: {metric: roc_acu}", "did you mean 'roc_auc'?"),
        ("train: {task: binari}", "train.task is 'binari'; write binary, multiclass, regression, counts"),
        ("train: {split: {test: 1}}", "train.split.test is '1'; write a number between 0 and 1"),
        ("train: {split: time}",
         "train.split is 'time'; it holds keys of its own, for example `split: {by: auto}`"),
        ("gate: 5", "gate is '5'; it holds keys of its own, for example `gate: {min: {roc_auc: 0.80}}`"),
        ("gate: {latency_ms: fast}",
         "gate.latency_ms is 'fast'; write a number above 0, for example `latency_ms: 5`"),
        ("gate: {latency_ms: .inf}", "gate.latency_ms is '.inf'; write a number above 0"),
        ("gate: {min: {auc: 0.8}}",
         "gate.min is a mapping; write a mapping, for example `min: {roc_auc: 0.80}`"),
        ("gate: {min: 0.8}", "gate.min is '0.8'; write a mapping"),
        ("serve: {port: 70000}", "serve.port is '70000'; write a whole number from 1 to 65535"),
        ("serve: {endpoint: a/b}", "serve.endpoint is 'a/b'; write a name"),
        ("serve: {rollout: {steps: [5, 3]}}", "(percentages must grow from above 0 to 100)"),
        ("serve: {rollout: {steps: [5, 50]}}",
         "serve.rollout.steps is a list; write growing percentages that end with 100"),
        ("monitor: {window: 0}", "monitor.window is '0'; write a duration, or a number of rows,"),
        ("monitor: {window: 1x}", "monitor.window is '1x'"),
        ("loop: {enabled: maybe}",
         "loop.enabled is 'maybe'; write true or false, for example `enabled: true`"),
        ("loop: {retrain: {on: [drift, perfomance]}}", "(did you mean 'performance'?)"),
        ("loop: {limits: {hours: early}}", "('early' is no day: mon, tue, wed, thu, fri, sat, sun)"),
        ("loop: {rules: [{name: a, when: drift, do: retain}]}", "(did you mean 'retrain'?)"),
        ("loop: {rules: [{name: a, when: drft, do: ask}]}", "(unknown word 'drft' — did you mean 'drift'?)"),
        ("loop: {rules: [{name: a, when: drift}]}", "the rule 'a' needs `do:`"),
        ("loop: {rules: [{when: drift, do: ask}]}", "has no name"),
        ("loop: {rules: [{name: a, wen: drift, do: ask}]}", "unknown key 'wen' — did you mean 'when'?"),
        ("loop: {rules: [{name: a, when: drift, do: ask, with: 3}]}", "with must be options as {key: value}"),
        ("loop: {retrain: {schedule: daily}}", "(it must have five fields: minute hour day month weekday)"),
        ("loop: {retrain: {schedule: 0 99 * * *}}", "(the hour '99' is not within 0-23)"),
        ("loop: {retrain: {schedule: 0 5-2 * * *}}", "(the hour '5-2' runs backwards)"),
        ("loop: {retrain: {schedule: 0 */0 * * *}}", "(the hour '*/0' is not within 0-23)"),
        ("project: ../x", "project is '../x'; write a name"),
        ("project: [x]", "project is a list; write a name"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_beside_a_right_one(file: Path, text: str, complaint: str) -> None:
    line = _complaint(file, text)
    assert line.startswith("keepwell.yaml:2: ")
    assert complaint in line


def test_a_wrong_column_type_names_the_right_ones(file: Path) -> None:
    (line,) = _complaints(file, "data: {source: x, types: {zip: categry}}")
    assert "did you mean 'category'?" in line


def test_a_key_that_stands_twice_is_refused_with_both_lines(file: Path) -> None:
    assert _complaints(file, "data:\n  source: x\n  target: y\n  source: z\n") == [
        "keepwell.yaml:4: data.source stands here again; it is in line 2 too"
    ]


def test_every_complaint_is_told_at_once_in_the_order_of_lines(file: Path) -> None:
    lines = _complaints(file, "data: {source: x}\nserve: {port: x}\ngaet: 1\ntrain: {seed: -1}\n")
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4"]


def test_a_flood_of_complaints_is_cut_short(file: Path) -> None:
    lines = _complaints(file, "data: {source: x}\n" + "".join(f"x{n}: 1\n" for n in range(15)))
    assert len(lines) == 11
    assert lines[-1] == "… and 5 more"


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "it must hold keys and values"),
        (b"# nothing\n", 1, "it must hold keys and values"),
        (b"- a\n- b\n", 1, "it must hold keys and values"),
        (b"just text", 1, "it must hold keys and values"),
        (b"project: x\n", 1, "data.source is missing"),
        (b"data:\n  target: x\n", 1, "data.source is missing"),
        (b"data: {source: ''}\n", 1, "data.source is ''; write one text"),
        (b"data:\n  source: [x\ntrain:\n", 3, "this is not YAML"),
        (b"data:\n\tsource: x\n", 2, "indent with spaces, not with tabs"),
        (b"data: {source: x}\n---\ndata: {source: y}\n", 2, "another document"),
        (b"data: &a {source: *a}\n", 1, "data.source is a mapping"),
        (b"\xff\xfe\x00", 1, "is not text"),
        (b"data: {source: \xe9}", 1, "is not text"),
        (b"[" * 5000, 1, "nested too deeply"),
        (b"? {a: b}\n: c\ndata: {source: x}\n", 1, "unknown key ''"),
        (b"<<: {a: b}\ndata: {source: x}\n", 1, "unknown key '<<'"),
    ],
)
def test_what_is_not_a_project_file_is_refused_with_its_line(
    file: Path, data: bytes, line: int, words: str
) -> None:
    file.write_bytes(data)
    with pytest.raises(ProjectFileError) as refusal:
        load_project(file)
    assert refusal.value.what.startswith(f"keepwell.yaml:{line}: ")
    assert words in refusal.value.what


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no keepwell.yaml in") as refusal:
        load_project(tmp_path)
    assert refusal.value.now.startswith("keepwell init")


def test_reading_a_project_loads_nothing_heavy(file: Path) -> None:
    file.write_text(DESIGN)
    code = (
        "import sys; from pathlib import Path\n"
        "from keepwell.infrastructure.project_file import load_project\n"
        f"load_project(Path({str(file)!r}))\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert (
        loaded & {"sqlalchemy", "numpy", "pyarrow", "msgspec", "fsspec", "duckdb", "pydantic"}
        == set()
    )


def test_the_reference_names_every_key_and_reads(file: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "project-file.md"
    block = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    _load(file, block)
    assert [key.path for key in KEYS if f"{key.leaf}:" not in block] == []
