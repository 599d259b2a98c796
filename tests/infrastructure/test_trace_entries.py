"""Scores, limits, prices and objectives of traces: read, written back, refused with line and reason."""

from pathlib import Path

import pytest

from keepwell.core.errors import ProjectFileError
from keepwell.core.spec import ProjectSpec
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.core.spec.tracing import LimitSpec, ModelPrice, ScorerSpec
from keepwell.infrastructure.project_file import load_project, render_project

HEAD = "project: x\ndata: {source: x.csv}\n"


def load(folder: Path, text: str) -> ProjectSpec:
    (folder / "keepwell.yaml").write_text(HEAD + text)
    return load_project(folder)


def test_all_of_it_is_read_and_written_back(tmp_path: Path) -> None:
    text = (
        "costs:\n  models:\n    gpt-4o: {input: 2.5, output: 10}\n    own/model: {cached: 0}\n"
        "traces:\n"
        "  content: false\n"
        "  redact: ['\\b\\d{16}\\b', secret]\n"
        "  retention: 30d\n  window: 15m\n"
        "  scores:\n"
        "    plain: {regex: sorry, absent: true}\n"
        "    form: {json: true}\n"
        "    keys: {json: [age, name], app: helpdesk}\n"
        "    brief: {length: 600}\n"
        '    own: {python: "scores.py:grounded"}\n'
        '    good: {judge: "{input} {output}", url: "http://localhost:1/v1", model: m,'
        " key: $K, sample: 0.1}\n"
        '  limits: {latency_p95_ms: 5000, "score:good": 0.7}\n'
        "  objectives: [{latency_p95_ms: 5000}, {quality: {good: 0.5}, target: 90%}]\n"
    )
    spec = load(tmp_path, text)
    assert spec.costs.models == (
        ModelPrice(model="gpt-4o", input=2.5, output=10.0),
        ModelPrice(model="own/model", cached=0.0),
    )
    traces = spec.traces
    assert (traces.content, traces.retention, traces.window) == (False, 2592000.0, 900.0)
    assert traces.redact == (r"\b\d{16}\b", "secret")
    plain, form, keys, brief, own, good = traces.scores
    assert plain == ScorerSpec(name="plain", kind="regex", pattern="sorry", absent=True)
    assert form == ScorerSpec(name="form", kind="json")
    assert keys == ScorerSpec(name="keys", kind="json", keys=("age", "name"), app="helpdesk")
    assert brief == ScorerSpec(name="brief", kind="length", length=600)
    assert own == ScorerSpec(name="own", kind="python", python="scores.py:grounded")
    assert (good.kind, good.url, good.model, good.key, good.sample) == (
        "judge", "http://localhost:1/v1", "m", "$K", 0.1,
    )  # fmt: skip
    assert traces.limits == (
        LimitSpec(name="latency_p95_ms", value=5000.0),
        LimitSpec(name="score:good", value=0.7),
    )
    assert [one.floor for one in traces.limits] == [False, True]
    assert traces.objectives[1] == ObjectiveSpec(kind="quality", of="good", limit=0.5, target=0.9)
    (tmp_path / "keepwell.yaml").write_text(render_project(spec))
    assert load_project(tmp_path) == spec


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("scores: {a: {}}", "'a' needs exactly one of regex, json, length, python, judge"),
        ("scores: {a: {regex: x, length: 3}}", "exactly one"),
        ("scores: {a: {regex: '('}}", "it is no regular expression"),
        ("scores: {a: {length: 0}}", "length of 'a' must be"),
        ("scores: {a: {length: 3, url: x}}", "'url' of 'a' says nothing to length"),
        ("scores: {a: {python: scores}}", "names a file of the project"),
        ("scores: {a: {judge: '{output}', model: m}}", "needs the url"),
        ("scores: {a: {judge: '{output}', url: 'http://x/v1'}}", "needs the model"),
        ("scores: {a: {judge: good, url: 'http://x/v1', model: m}}", "shows {output} nowhere"),
        ("scores: {a: {lenght: 3}}", "did you mean 'length'"),
        ("scores: {a: {length: 3}, a: {length: 4}}", "'a' stands there twice"),
        ("scores: [a]", "each score has a name"),
        ("limits: {latency_p95: 3}", "did you mean 'latency_p95_ms'"),
        ("limits: {cost: much}", "cost must be a number"),
        ("redact: ['[']", "no regular expression"),
        ("objectives: [{freshness: 1h}]", "never stale"),
    ],
)
def test_a_mistake_is_told_with_its_reason(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ProjectFileError) as refused:
        load(tmp_path, f"traces:\n  {text}\n")
    assert why in str(refused.value)


def test_a_budget_needs_a_price_of_anything(tmp_path: Path) -> None:
    load(tmp_path, "costs: {models: {m: {input: 1}}, budget: {monthly: 10}}\n")
    with pytest.raises(ProjectFileError, match="needs a price"):
        load(tmp_path, "costs: {budget: {monthly: 10}}\n")
