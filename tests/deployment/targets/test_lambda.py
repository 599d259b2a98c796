"""The handler is zipped, unzipped elsewhere, and called as AWS calls it, with what it says it needs."""

import base64
import json
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from keepwell.core.errors import UsageError
from keepwell.core.records import Task
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.targets import Exportable, Exported, export

CALLS = """
import json
import platform
sys.path.insert(0, ".")
import handler
answers = []
for event in json.load(sys.stdin):
    try:
        answers.append(handler.handler(event, None))
    except Exception as error:
        answers.append({"raised": type(error).__name__, "what": str(error)})
maps = open("/proc/self/maps").read()
print(json.dumps({"answers": answers, "maps": maps}))
"""


@pytest.fixture(scope="module")
def function(
    tmp_path_factory: pytest.TempPathFactory, exportable_of: Callable[..., Exportable]
) -> tuple[Path, Exported]:
    made = tmp_path_factory.mktemp("function")
    exported = export("lambda", exportable_of(), made / "churn")
    archive = shutil.make_archive(str(made / "churn-3"), "zip", made / "churn")
    shutil.unpack_archive(archive, made / "task")
    return made / "task", exported


def test_it_answers_every_way_that_aws_asks(
    function: tuple[Path, Exported], lonely: Any, a_row: dict[str, Any], model_of: Any
) -> None:
    folder, exported = function
    rows = [a_row, {**a_row, "colour": None}]
    request = {"instances": rows}
    body = json.dumps(request)
    wrong = json.dumps({"instances": [{**a_row, "age": "old"}]})
    encoded = base64.b64encode(body.encode()).decode()
    http = {"version": "2.0", "requestContext": {"http": {"method": "POST", "path": "/x"}}}
    events = [
        request,
        {"httpMethod": "POST", "path": "/x", "body": body, "isBase64Encoded": False},
        {**http, "rawPath": "/x", "body": body, "isBase64Encoded": False},
        {**http, "body": encoded, "isBase64Encoded": True},
        {"httpMethod": "POST", "body": wrong},
        {"httpMethod": "POST", "body": None},
        {**http, "body": "§", "isBase64Encoded": True},
        {"httpMethod": "DELETE", "body": None},
        {"httpMethod": "GET", "body": None},
        {"rows": []},
        {"instances": [{**a_row, "age": "old"}]},
    ]
    ended = lonely.run(folder, CALLS, text=json.dumps(events))
    assert ended.returncode == 0, ended.stderr
    answers = json.loads(ended.stdout)["answers"]
    made = model_of()
    expected = load_scorer(made.files.__getitem__, made.signature).rows(rows)
    assert expected.probabilities is not None
    document = answers[0]
    assert document["predictions"] == expected.predictions
    assert [list(row.values()) for row in document["probabilities"]] == (
        expected.probabilities.tolist()
    )
    assert document["model"] == {"name": "churn", "version": 3}
    for answer in answers[1:4]:
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"]) == document
        assert answer["headers"]["x-model-version"] == "3"
    assert [answer["statusCode"] for answer in answers[4:9]] == [422, 400, 400, 400, 200]
    assert json.loads(answers[4]["body"])["details"] == {"column": "age", "instance": 0}
    assert [answer["raised"] for answer in answers[9:]] == ["InvalidRequestError"] * 2
    assert "'age'" in answers[10]["what"]
    cold = exported.figures["cold_start_ms"]
    assert isinstance(cold, float)
    assert 10 < cold < 60_000


def test_it_brings_the_library_that_aws_lacks(
    function: tuple[Path, Exported], lonely: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = function
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder / "lib"))  # as Lambda sets it
    ended = lonely.run(folder, CALLS, text="[]")
    maps = json.loads(ended.stdout)["maps"]
    assert str(folder / "lib" / "libgomp.so.1") in maps


def test_altered_files_are_refused(
    function: tuple[Path, Exported], lonely: Any, tmp_path: Path
) -> None:
    folder = shutil.copytree(function[0], tmp_path / "altered")
    scorer = folder / "model" / "scorer.json"
    scorer.write_bytes(scorer.read_bytes() + b" ")
    ended = lonely.run(folder, CALLS, text="[]")
    assert ended.returncode != 0
    assert "'scorer.json' of the model was altered" in ended.stderr


def test_the_template_is_what_sam_expects(function: tuple[Path, Exported]) -> None:
    class Loader(yaml.SafeLoader):
        """Knows CloudFormation's short functions."""

    Loader.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": node.value})
    template = yaml.load((function[0] / "template.yaml").read_text(), Loader)
    assert template["Transform"] == "AWS::Serverless-2016-10-31"
    properties = template["Resources"]["Model"]["Properties"]
    assert properties["Handler"] == "handler.handler"
    assert properties["Runtime"] == f"python3.{max(12, sys.version_info.minor)}"
    assert properties["Architectures"] == ["x86_64"]
    event = properties["Events"]["Predict"]["Properties"]
    assert event == {"Method": "POST", "Path": "/endpoints/churn/predict"}


def test_another_processor_gets_no_library_of_this_one(
    tmp_path: Path, exportable_of: Callable[..., Exportable]
) -> None:
    other = "arm64" if platform.machine() == "x86_64" else "x86_64"
    exported = export("lambda", exportable_of(), tmp_path / "out", {"architecture": other})
    assert not (tmp_path / "out" / "lib").exists()
    assert any("libgomp.so.1" in note for note in exported.notes)
    assert any("manylinux_2_28_" in note for note in exported.notes)


def test_a_linear_model_needs_no_library(
    tmp_path: Path, exportable_of: Callable[..., Exportable], lonely: Any, a_row: dict[str, Any]
) -> None:
    folder = tmp_path / "out"
    export("lambda", exportable_of(Task.REGRESSION, flavour="linear"), folder)
    assert not (folder / "lib").exists()
    ended = lonely.run(folder, CALLS, text=json.dumps([{"instances": [a_row]}]))
    (answer,) = json.loads(ended.stdout)["answers"]
    assert isinstance(answer["predictions"][0], float)


@pytest.mark.parametrize(
    ("options", "why"),
    [({"memory": "64"}, "128 to 10240"), ({"runtime": "python3.11"}, "glibc")],
)
def test_what_aws_does_not_take_is_told(
    tmp_path: Path,
    exportable_of: Callable[..., Exportable],
    options: dict[str, str],
    why: str,
) -> None:
    with pytest.raises(UsageError) as caught:
        export("lambda", exportable_of(), tmp_path / "out", options)
    assert why in caught.value.why
