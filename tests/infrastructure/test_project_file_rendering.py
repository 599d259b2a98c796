"""A project file that is written says all that may be said in it, and reads back as it was."""

import dataclasses
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from project_files import load as _load

from keepwell.core.features import Steps
from keepwell.core.records import LEARNABLE, Task
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
