import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.errors import NotFoundError, ProjectFileError
from keepwell.core.features import Steps
from keepwell.core.records import LEARNABLE, ColumnType, Task
from keepwell.core.spec import (
    BatchSpec,
    DataSpec,
    FairnessSpec,
    GateSpec,
    LearnerSpec,
    MonitorSpec,
    ProjectSpec,
    RolloutSpec,
    ServeSpec,
    SplitSpec,
    TrainSpec,
)
from keepwell.core.spec.looping import PLAYBOOKS, BoundsSpec, LoopRuleSpec, LoopSpec, RetrainSpec
from keepwell.infrastructure.project_file import load_project, render_project
from keepwell.infrastructure.project_file.keys import KEYS, METRICS

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keepwell.yaml"


def _load(file: Path, text: str) -> ProjectSpec:
    file.write_text(text)
    return load_project(file)


def _complaints(file: Path, text: str) -> list[str]:
    with pytest.raises(ProjectFileError) as refusal:
        _load(file, text)
    assert refusal.value.now
    assert refusal.value.details["complaints"]
    return refusal.value.what.splitlines()


def _complaint(file: Path, text: str) -> str:
    """Return the one complaint about a file that is otherwise right."""
    (line,) = _complaints(file, f"data: {{source: x.csv}}\n{text}")
    return line


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


def test_a_minimal_file_says_everything_in_comments(file: Path) -> None:
    spec = ProjectSpec(
        name="churn", root=file.parent.resolve(), data=DataSpec(source="a.csv", target="y")
    )
    text = render_project(spec)
    assert _load(file, text) == spec
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line.split("#")[0].rstrip() for line in lines] == [
        "project: churn", "data:", "  source: a.csv", "  target: y",
    ]  # fmt: skip
    assert all(f"{key.leaf}: " in text and f"# {key.note}" in text for key in KEYS)


def test_every_commented_example_counts_once_its_mark_is_gone(file: Path) -> None:
    spec = ProjectSpec(name="churn", root=file.parent.resolve(), data=DataSpec(source="a.csv"))
    introduction, _, rest = render_project(spec).partition("\n\n")
    assert introduction.startswith("# churn: a Keepwell project.")
    loaded = _load(file, rest.replace("\n# ", "\n"))
    assert loaded.gate.min == {"roc_auc": 0.8}
    assert loaded.gate.fairness == FairnessSpec(by="gender", max_gap=0.1)
    assert loaded.loop.retrain.schedule == "0 3 * * 1"


def test_every_field_of_the_spec_can_be_written_in_the_file() -> None:
    def paths(cls: Any, prefix: str = "") -> set[str]:
        found = set()
        for field in dataclasses.fields(cls):
            nested = {"fairness": FairnessSpec}.get(
                field.name, type(getattr(_FULL, prefix.partition(".")[0], None))
            )
            inner = field.default if dataclasses.is_dataclass(field.default) else None
            if inner is not None and not isinstance(inner, Steps):
                found |= paths(type(inner), f"{prefix}{field.name}.")
            elif field.name == "fairness":
                found |= paths(nested, f"{prefix}{field.name}.")
            elif field.name == "data" and not prefix:
                found |= paths(DataSpec, "data.")
            else:
                found.add(f"{prefix}{field.name}")
        return found

    written = {field for key in KEYS for field in (key.fields or (key.path,))}
    assert written == paths(ProjectSpec) - {"root"}


_FULL = ProjectSpec(name="x", root=Path(), data=DataSpec(source="x"))

_name = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,10}", fullmatch=True)
_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=15)
_maybe = st.just("") | _text
_texts = st.lists(_text, max_size=3).map(tuple)
_number = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
_seconds = st.one_of(
    st.integers(0, 10_000_000).map(float), st.floats(0, 1e6, allow_subnormal=False, width=32)
)
_window = st.one_of(
    st.tuples(_seconds.filter(bool), st.none()), st.tuples(st.none(), st.integers(1, 10**6))
)
_settings = st.dictionaries(
    _text,
    st.none() | st.booleans() | st.integers() | _number | _text | st.lists(_number, max_size=2),
    max_size=2,
)
_SPECS = st.builds(
    ProjectSpec,
    name=_name,
    root=st.just(Path("/")),
    data=st.builds(
        DataSpec,
        source=_text,
        target=_maybe,
        key=_maybe,
        time=_maybe,
        contract=_text,
        name=st.just("") | _name,
        types=st.dictionaries(_text, st.sampled_from(LEARNABLE), max_size=3),
        ignore=_texts,
        keep=_texts,
    ),
    train=st.builds(
        TrainSpec,
        task=st.none() | st.sampled_from(Task),
        metric=st.sampled_from(["", *METRICS]),
        budget=_seconds,
        folds=st.integers(2, 100),
        seed=st.integers(0, 2**70),
        learners=st.lists(
            _text | st.builds(LearnerSpec, name=_text, params=_settings), max_size=3
        ).map(tuple),
        script=_maybe,
        split=st.builds(
            SplitSpec,
            by=st.sampled_from(["auto", "random", "stratified", "group", "time"]),
            column=_maybe,
            test=st.floats(0, 1, exclude_min=True, exclude_max=True),
        ),
    ),
    gate=st.builds(
        GateSpec,
        min=st.dictionaries(st.sampled_from(METRICS), _number, max_size=3),
        max_drop=st.floats(0, 1e9),
        latency_ms=st.none() | st.floats(0, 1e9, exclude_min=True),
        fairness=st.none() | st.builds(FairnessSpec, by=_text, max_gap=st.floats(0, 1)),
    ),
    serve=st.builds(
        ServeSpec,
        endpoint=st.just("") | _name,
        host=_text,
        port=st.integers(1, 65535),
        workers=st.integers(1, 100),
        memory=st.none() | st.integers(1, 10**12),
        idle=st.none() | _seconds,
        rollout=st.builds(
            RolloutSpec,
            strategy=st.sampled_from(["canary", "all-at-once"]),
            steps=st.sets(st.floats(0.001, 99), max_size=4).map(
                lambda some: (*sorted(some), 100.0)
            ),
            hold=_seconds,
        ),
    ),
    monitor=_window.flatmap(
        lambda window: st.builds(
            MonitorSpec,
            window_seconds=st.just(window[0]),
            window_rows=st.just(window[1]),
            every=_seconds,
            drift=st.sampled_from(["auto", "off"]),
            min_rows=st.integers(1, 10**6),
            labels_delay=_seconds,
        )
    ),
    loop=st.builds(
        LoopSpec,
        enabled=st.booleans(),
        retrain=st.builds(
            RetrainSpec,
            on=st.sampled_from([(), ("drift",), ("performance",), ("performance", "drift")]),
            schedule=st.sampled_from(["", "0 3 * * 1", "*/5 0-6,12 1 1-12/2 7"]),
            cooldown=_seconds,
            min_labels=st.integers(1, 10**6),
            budget=st.none() | _seconds,
        ),
        limits=st.builds(
            BoundsSpec,
            concurrency=st.integers(1, 9),
            budget=st.none() | _seconds,
            per=_seconds,
            hours=st.sampled_from(["", "mon-fri 08:00-18:00", "22:00-06:00"]),
            approval=st.just("") | _name,
        ),
        builtin=st.booleans(),
        rules=st.lists(
            st.builds(
                LoopRuleSpec,
                name=_name,
                when=st.sampled_from(
                    ["drift", "latency & load.high & ~recent_deploy(2h)", "drift:`a b` > 0.3"]
                ),
                do=st.sampled_from(sorted(PLAYBOOKS)),
                options=_settings,
                cooldown=_seconds,
                approval=st.just("") | _name,
                looks=st.integers(1, 9),
            ),
            max_size=2,
            unique_by=lambda rule: rule.name,
        ).map(tuple),
    ),
    batch=st.sampled_from(
        [
            (),
            (BatchSpec(name="a", source="s3://lake/a.csv", output="out/{date}.csv"),),
            (
                BatchSpec(name="a", source="a.csv", output="a.csv", schedule="0 2 * * *"),
                BatchSpec(name="b", source="b c", output="b/", version="3", log=True),
            ),
        ]
    ),
)


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ("nightly", "each job stands behind a dash"),
        ("[{name: a, source: b}]", "line 2 has no output"),
        ("[{name: a, source: b, output: c, shedule: x}]", "did you mean 'schedule'"),
        (
            "[{name: a, source: b, output: c, schedule: daily}]",
            "line 2: schedule must be five cron",
        ),
        ("[{name: a, source: b, output: c, log: maybe}]", "log must be true or false"),
        ("[{name: a, source: b, output: '{day}.csv'}]", "not {day}"),
        ("[{name: a, source: b, output: '{date.csv'}]", "braces"),
        ("[{name: a, source: b, output: c}, {name: a, source: b, output: d}]", "the name 'a'"),
        ("[{name: a, source: b, output: c}, {name: b, source: b, output: c}]", "the output 'c'"),
        ("[a]", "line 2 has no keys"),
    ],
)
def test_jobs_are_checked_one_by_one(file: Path, jobs: str, words: str) -> None:
    (line,) = _complaints(file, f"data: {{source: a.csv}}\nbatch: {jobs}\n")
    assert line.startswith("keepwell.yaml:2: batch is ")
    assert words in line


@pytest.mark.parametrize(
    ("receivers", "words"),
    [
        ("{to: otlp}", "a list of receivers"),
        ("[{url: http://x}]", "has no 'to': otlp, statsd, json"),
        ("[{to: carrier}]", "to must be otlp, statsd or json"),
        ("[{to: otlp}]", "needs url"),
        ("[{to: otlp, url: x}]", "begins with http"),
        ("[{to: json, url: http://x, path: y}]", "needs path or url"),
        ("[{to: statsd, address: x, headers: {a: b}}]", "'headers' says nothing to statsd"),
        ("[{to: json, path: x, formt: ecs}]", "did you mean 'format'"),
        ("[{to: json, path: x, every: 0.1s}]", "a second at least"),
    ],
)
def test_receivers_are_checked_one_by_one(file: Path, receivers: str, words: str) -> None:
    text = f"data: {{source: a.csv}}\nmonitor: {{export: {receivers}}}\n"
    (line,) = _complaints(file, text)
    assert line.startswith("keepwell.yaml:2: monitor.export ")
    assert words in line


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_SPECS)
def test_what_is_rendered_reads_back_as_it_was(file: Path, spec: ProjectSpec) -> None:
    expected = dataclasses.replace(spec, root=file.parent.resolve())
    file.write_text(render_project(spec), encoding="utf-8")
    assert load_project(file) == expected


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


def test_features_are_read_and_written_back(file: Path) -> None:
    spec = _load(
        file,
        "project: x\ndata: {source: x.csv}\n"
        "features:\n"
        "  numbers: {impute: 0, clip: [0.01, 0.99], scale: robust, drop_low_variance: 0.5}\n"
        "  categories: {impute: unknown, encode: target}\n"
        "  columns: {charges: {log: true, bins: 10}, city: {encode: frequency}}\n"
        "  derive:\n"
        "    per_month: charges / tenure\n"
        '    gap: "`first price` - last"\n'
        "    usual: {mean: charges, by: plan, difference: true}\n"
        "    often: {share: city}\n"
        "    days_open: {days: closed - opened}\n",
    )
    found = spec.features
    assert found.numbers.impute == 0.0
    assert found.numbers.clip == (0.01, 0.99)
    assert found.categories.impute == "unknown"
    assert found.columns["charges"].bins == 10
    derived = {one.name: one for one in found.derive}
    assert derived["gap"].columns == ("first price", "last")
    assert derived["usual"].columns == ("plan", "charges")
    assert derived["usual"].difference
    assert derived["days_open"].detail == "(closed - opened) / 86400"
    assert _load(file, render_project(spec)).features == found


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ("numbers: {inpute: median}", "did you mean 'impute'"),
        ("numbers: {impute: medain}", "did you mean 'median'"),
        ("numbers: {scale: standart}", "did you mean 'standard'"),
        ("numbers: {clip: [0.9, 0.1]}", "the lower first"),
        ("numbers: {clip: 3}", "two shares"),
        ("numbers: {log: maybe}", "log is true or false"),
        ("numbers: {bins: 5, scale: robust}", "exclude each other"),
        ("numbers: {smooth: 3}", "moving average"),
        ("categories: {encode: hash}", "hashed categories are not offered"),
        ("columns: {a: {drop_low_variance: 1}}", "unknown key 'drop_low_variance'"),
        ("derive: {a: {window: 7d}}", "earlier rows of a key stands under features.windows"),
        ("derive: {a: __import__('os')}", "formula"),
        ("derive: {a: {mean: b}}", "aggregate such as"),
        ("derive: {a: b / c, a: c / b}", "twice"),
        ("nubmers: {impute: median}", "did you mean 'numbers'"),
    ],
)
def test_features_that_cannot_be_are_refused(file: Path, features: str, words: str) -> None:
    assert words in _complaint(file, f"features:\n  {features}\n")


ALERTS = """\
data: {source: a.csv}
alerts:
  channels:
    ops: {webhook: $HOOK, secret: "${file:/run/secrets/hook}"}
    mail: {email: [a@b.c, d@e.f], server: "smtp://robot:$PW@mail:587", from: k@b.c}
    chat: {apprise: [$SLACK, $TEAMS]}
    here: {log: true}
  rules:
    - {name: slow, metric: latency_p95_ms, above: 200, for: 5m, severity: critical, to: [ops]}
    - {name: fewer, metric: requests, falls: 50%, against: 1w}
    - {name: silent, metric: requests, subject: "host:web-1", absent: 15m}
    - {name: worse, metric: "metric:f1", below: 0.5, act: retrain}
    - {name: busy, metric: requests, rises: 2, act: scale, workers: 4}
    - {name: moved, signal: drift, above: 0.3, endpoint: churn}
    - {name: late, python: "checks/late.py:find"}
  routes: [{severity: critical, rule: slow, to: [ops, log]}, {to: [mail]}]
  escalate: [{after: 15m, to: [chat]}]
  wait: 0s
  builtin: false
"""


def test_alerts_are_read_and_written_back(file: Path) -> None:
    found = _load(file, ALERTS).alerts
    assert [one.kind for one in found.channels] == ["webhook", "email", "apprise", "log"]
    assert found.channels[1].sender == "k@b.c"
    rules = {one.name: one for one in found.rules}
    assert (rules["slow"].lasting, rules["slow"].severity) == (300.0, "critical")
    assert (rules["fewer"].falls, rules["busy"].rises) == (0.5, 2.0)
    assert (rules["busy"].act, rules["busy"].workers) == ("scale", 4)
    assert found.escalate[0].after == 900.0
    assert not found.builtin
    assert _load(file, render_project(_load(file, ALERTS))).alerts == found


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ("channels: {ops: {webhok: x}}", "did you mean 'webhook'"),
        (
            "channels: {ops: {}}",
            "exactly one of webhook, email, apprise, github, gitlab, jira, log",
        ),
        ("channels: {ops: {webhook: x, log: true}}", "exactly one of"),
        ("channels: {ops: {email: a@b.c}}", "needs `server:` and `from:`"),
        ("channels: {ops: {apprise: x, secret: y}}", "secret does not belong to apprise"),
        ("channels: [ops]", "each channel has a name"),
        ("rules: [{metric: m, above: 1}]", "has no name"),
        ("rules: [{name: a, metric: m}]", "exactly one of above, below, rises, falls, absent"),
        ("rules: [{name: a, metric: m, above: 1, below: 0}]", "exactly one of above"),
        ("rules: [{name: a, metric: m, signal: s, above: 1}]", "one of metric, signal and python"),
        ("rules: [{name: a, signal: s, absent: 1m}]", "absent needs a metric"),
        ("rules: [{name: a, metric: m, above: 1, act: scale}]", "belong together"),
        ("rules: [{name: a, metric: m, above: 1, act: pray}]", "act must be"),
        ("rules: [{name: a, python: checks.py}]", "a function in it"),
        ("rules: [{name: a, metric: m, falls: 0%}]", "a share such as 50%"),
        ("rules: [{name: a, signal: s}, {name: a, signal: t}]", "two rules have the name 'a'"),
        ("rules: [{name: a, signal: s, to: [opps]}]", "names the channel 'opps', which is none"),
        ("routes: [{severity: bad, to: [log]}]", "severity must be"),
        ("routes: [{severity: info}]", "has no `to:`"),
        ("escalate: [{to: [log]}]", "needs `after:` and `to:`"),
        ("wait: 5", "did you mean 5s?"),
    ],
)
def test_alerts_that_cannot_be_are_refused(file: Path, alerts: str, words: str) -> None:
    complaints = _complaints(file, f"data: {{source: a.csv}}\nalerts:\n  {alerts}\n")
    assert any(words in line for line in complaints), complaints


WINDOW = "{name: spent_7d, aggregate: sum, of: amount, by: customer, over: 7d}"


def test_windows_are_read_and_written_back(file: Path) -> None:
    spec = _load(
        file,
        "project: x\ndata: {source: x.csv, time: at, target: fraud}\nfeatures:\n  windows:\n"
        f"    - {WINDOW}\n    - {{name: often, aggregate: count, by: customer, over: 90m}}\n",
    )
    assert [(one.name, one.of, one.over) for one in spec.features.windows] == [
        ("spent_7d", "amount", 7 * 86_400.0),
        ("often", "", 5_400.0),
    ]
    assert _load(file, render_project(spec)).features == spec.features


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ("[{aggregate: sum, of: a, by: b, over: 7d}]", "a window lacks `name:`"),
        ("[{name: w, aggregate: sum, by: b, over: 7d}]", "the window 'w' lacks `of:`"),
        ("[{name: w, aggregate: count, over: 7d}]", "the window 'w' lacks `by:`"),
        ("[{name: w, aggregate: meen, of: a, by: b, over: 7d}]", "did you mean 'mean'"),
        ("[{name: w, aggregate: count, by: b, over: soon}]", "is not a duration"),
        ("[{name: w, aggregate: count, by: b, over: 0s}]", "the window 'w' is empty"),
        ("[{name: w, aggregate: count, by: b, over: 9999999w}]", "longer than a hundred years"),
        ("[{name: w, aggregate: count, bye: b, over: 7d}]", "unknown key 'bye'"),
        ("{spent: 7d}", "it is a list of windows"),
        (f"[{WINDOW}, {WINDOW}]", "the name 'spent_7d' stands there twice"),
        (f"[{WINDOW.replace('amount', 'fraud')}]", "calculated from the target"),
        (f"[{WINDOW.replace('customer', 'fraud')}]", "calculated from the target"),
        (f"[{WINDOW.replace('spent_7d', 'amount')}]", "'amount' is a column already"),
    ],
)
def test_windows_that_cannot_be_are_refused(file: Path, windows: str, words: str) -> None:
    data = "data: {source: x.csv, time: at, target: fraud}"
    (line,) = _complaints(file, f"{data}\nfeatures:\n  windows: {windows}\n")
    assert words in line


def test_windows_need_the_time_of_a_row(file: Path) -> None:
    assert "needs the time of each row" in _complaint(file, f"features: {{windows: [{WINDOW}]}}\n")
