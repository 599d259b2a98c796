"""Every page, as the server sends it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from console_addresses import PAGES, address
from console_customers import NAME
from console_world import Told, new_workspace
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.clock import ManualClock
from keepwell.core.events import Change
from keepwell.core.records import (
    Cause,
    Decision,
    Entry,
    Incident,
    KeptPart,
    Proof,
    Run,
    Signal,
)
from keepwell.core.references import Ref
from keepwell.infrastructure.metadata import Collection
from keepwell.workspace import Workspace

HOME = "http://127.0.0.1:4400"
EVIL = "<img src=x onerror=alert(1)>'\""


@pytest.fixture
def young(tmp_path: Path) -> Iterator[Workspace]:
    """Return the workspace of a project that has done nothing yet."""
    workspace = new_workspace(tmp_path / "churn", ManualClock(1.8e9))
    yield workspace
    workspace.close()


def ask(workspace: Workspace, path: str) -> str:
    answer = TestClient(create_app(workspace), base_url=HOME).get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_and_asks_nobody_else(client: TestClient, told: Told, page: str) -> None:
    answer = client.get(address(page, told))
    assert answer.status_code == 200
    html = answer.text
    assert html.startswith("<!doctype html>")
    assert html.count("<h1") == (0 if page == "difference" else 1)
    named = re.findall(r'(?:src|href|action|hx-get)="([^"]*)"', html)
    assert [url for url in named if not url.startswith(("/", "#"))] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_no_inline_script_or_style(client: TestClient, told: Told, page: str) -> None:
    html = client.get(address(page, told)).text
    assert re.findall(r"<[^>]*\s(?:on[a-z]+|style)=", html) == []
    assert re.findall(r"<style|<script(?![^>]*\ssrc=)", html) == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/runs",
        "/models",
        "/datasets",
        "/rollouts",
        "/alerts",
        "/incidents",
        "/incidents/figures",
        "/loop",
        "/machines",
        "/costs",
        "/traces",
        "/audit",
        "/docs",
    ],
)
def test_a_young_project_is_told_what_comes_next(young: Workspace, path: str) -> None:
    html = ask(young, path)
    if path in {
        "/",
        "/runs",
        "/models",
        "/datasets",
        "/rollouts",
        "/costs",
        "/loop",
        "/incidents/figures",
    }:
        assert "<pre>keepwell run</pre>" in html


def test_the_seven_steps_tick_from_real_events(young: Workspace, told: Told) -> None:
    html = ask(young, "/")
    assert "0 of 7" in html
    assert html.count('<li class="next">') == 1
    young.datasets.ingest(NAME, "customers.csv", root=young.root)
    html = ask(young, "/")
    assert "1 of 7" in html
    assert "600 rows, 10 columns from customers.csv" in html
    assert "all 7 done" in ask(told.workspace, "/")


def test_an_update_is_the_content_alone(client: TestClient) -> None:
    whole = client.get("/runs").text
    update = client.get("/runs", headers={"hx-request": "true"}).text
    assert "<html" not in update
    assert "<table>" in update
    assert 'id="open-incidents" hx-swap-oob="true"' in update
    assert update.split("<table>")[1].split("</table>")[0] in whole


@pytest.mark.parametrize(("least", "said"), [(0.01, "reaches 0.010"), (0.999, "misses 0.999")])
def test_every_experiment_stands_beside_its_target(
    client: TestClient, told: Told, monkeypatch: pytest.MonkeyPatch, least: float, said: str
) -> None:
    spec = told.workspace.spec
    gate = replace(spec.gate, min={told.first.metric: least})
    monkeypatch.setattr(told.workspace, "spec", replace(spec, gate=gate))
    assert said in client.get("/runs").text


def test_what_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/models")
    again = client.get("/models", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_assets_may_be_kept_for_good_because_their_address_follows_their_content(
    client: TestClient, static: Path
) -> None:
    html = client.get("/").text
    urls = re.findall(r'"(/static/[^"]+)"', html)
    assert len(urls) >= 7
    for url in urls:
        assert re.search(r"\?v=[0-9a-f]{12}$", url)
        assert "immutable" in client.get(url).headers["cache-control"]
    assert all((static / "vendor" / name).is_file() for name in ("plotly.LICENSE", "htmx.LICENSE"))


def test_plotly_is_loaded_only_where_there_is_much_to_draw(client: TestClient, told: Told) -> None:
    using = [page for page in PAGES if "plotly-basic" in client.get(address(page, told)).text]
    assert using == ["endpoint", "rollouts", "run"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nowhere", 404, "There is no page /nowhere"),
        ("/endpoints/chrun", 404, "did you mean &#39;churn&#39;?"),
        ("/runs/none", 404, "There is no run"),
        ("/models/none", 404, "There is no model called"),
        ("/models/churn/9", 404, "has no version 9"),
        ("/models/churn/x", 404, "has no version"),
        ("/datasets/churn/x", 404, "has no version"),
        ("/predictions/none", 404, "There is no prediction"),
        ("/incidents/none", 404, "There is no incident"),
        ("/runs/compare?run=1", 400, "1 runs cannot be compared"),
        (f"/{EVIL}", 404, "There is no page"),
    ],
)
def test_a_page_that_is_not_there_says_so(
    client: TestClient, path: str, status: int, said: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert said in answer.text
    assert "<img src=x" not in answer.text


def test_figures_describe_what_was_measured(client: TestClient, told: Told) -> None:
    quality = client.get(f"/endpoints/{NAME}/quality.json").json()
    assert len(quality["data"][0]["y"]) >= 360
    kinds = [shape["type"] for shape in quality["layout"]["shapes"]]
    assert kinds.count("rect") == 2  # the healed incident and the open one
    assert [
        trace["name"] for trace in client.get(f"/endpoints/{NAME}/latency.json").json()["data"]
    ] == [
        "p50",
        "p95",
        "p99",
    ]
    assert client.get(f"/endpoints/{NAME}/traffic.json").json()["layout"]["yaxis2"]
    assert client.get(f"/runs/{told.run.id}/plots/roc_curve.json").json()["data"]
    assert (
        len(client.get(f"/runs/{told.run.id}/curves/validation_loss").json()["data"][0]["x"]) == 40
    )


def test_files_of_a_run_are_handed_out_as_downloads(client: TestClient, told: Told) -> None:
    answer = client.get(f"/runs/{told.run.id}/files/leaderboard.json")
    assert answer.headers["content-disposition"] == "attachment"


def test_a_post_mortem_is_markdown(client: TestClient, told: Told) -> None:
    answer = client.get(f"/incidents/{told.incident.id}/post-mortem.md")
    assert answer.headers["content-type"].startswith("text/markdown")


def test_a_record_that_cannot_be_read_is_named(young: Workspace) -> None:
    young.metadata.commit([Change(ref=Ref("incident", "torn"), verb="opened", data={"id": 1})])
    client = TestClient(create_app(young), base_url=HOME, raise_server_exceptions=False)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "A stored Incident cannot be read" in answer.text


def test_a_version_says_which_step_runs_as_it_is(young: Workspace, told: Told) -> None:
    whole = told.workspace.registry.get(NAME, 2)
    part = KeptPart(name="prepare.<b>", reason="there is no compiled form of sklearn.KNNImputer")
    young.registry.register(
        NAME,
        run="01KFN3C8Q4T5D8Z7W9R2M1XYZC",
        bundle=whole.bundle,
        signature=whole.signature,
        metric="roc_auc",
        proof=Proof(rows=5, largest_difference=0.0, compiled=True, kept=(part,)),
    )
    html = ask(young, f"/models/{NAME}/1")
    assert (
        "prepare.&lt;b&gt;</code> runs as it is: there is no compiled form of sklearn.KNNImp"
        in html
    )


def test_a_fault_of_ours_is_admitted(young: Workspace) -> None:
    young.runs.start(NAME, params={"depth": 3})
    young.__dict__["incidents"] = None
    client = TestClient(create_app(young), base_url=HOME, raise_server_exceptions=False)
    answer = client.get("/runs")
    assert answer.status_code == 500
    assert "/runs cannot be shown" in answer.text


def test_whatever_is_recorded_is_shown_as_text(young: Workspace) -> None:
    now = young.clock.now()
    signal = Signal(
        kind=EVIL, endpoint=EVIL, version=1, value=1.0, limit=0.5, severity=1.0, message=EVIL, column=EVIL
    )  # fmt: skip
    incident = Incident(
        id="01KFN3C8Q4T5D8Z7W9R2M1XYZA",
        endpoint=EVIL,
        title=EVIL,
        opened=now,
        summary=EVIL,
        signals=(signal,),
        causes=(Cause(title=EVIL, score=0.5, evidence=EVIL),),
        timeline=(Entry(time=now, text=EVIL, kind=EVIL),),
    )
    decision = Decision(
        id="01KFN3C8Q4T5D8Z7W9R2M1XYZB",
        time=now,
        endpoint=EVIL,
        action=EVIL,
        reason=EVIL,
        incident=incident.id,
        evidence={EVIL: EVIL},
    )
    young.incidents.write(decision, incident=incident)
    run = Run(
        id="01KFN3C8Q4T5D8Z7W9R2M1XYZC", project=EVIL, kind=EVIL, params={EVIL: EVIL}, error=EVIL
    )
    Collection(young.metadata, "run", Run, name=lambda item: item.id).write(run, EVIL, why=EVIL)
    for path in (
        "/",
        "/incidents",
        f"/incidents/{incident.id}",
        "/audit",
        "/runs",
        f"/runs/{run.id}",
    ):
        html = ask(young, path)
        assert "<img src=x" not in html, path
        assert "&lt;img src=x" in html, path


def test_a_rollout_says_what_it_waits_for_wherever_it_is_shown(
    told: Told, client: TestClient
) -> None:
    found = told.workspace.rollouts.find()
    everywhere = client.get("/rollouts").text
    for rollout in found:
        assert f"/endpoints/{NAME}/rollouts?rollout={rollout.id}" in everywhere
    html = client.get(f"/endpoints/{NAME}/rollouts").text
    for page in (everywhere, html) if found[0].status == "running" else (html,):
        assert ("<dt>Waits for</dt>" in page) == (told.workspace.desk.awaits(found[0]) is not None)
    assert '<a href="/rollouts" aria-current="page">Rollouts</a>' in everywhere


def test_the_first_rollout_is_a_command_away(young: Workspace) -> None:
    assert "There is no endpoint yet" in ask(young, "/rollouts")
