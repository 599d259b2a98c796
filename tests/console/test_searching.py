"""The prediction log and traces, searched on a page: what matches, when, page by page, as a file."""

import csv
import io
import json
import re
from html import unescape

import pytest
from console_customers import NAME
from console_traces import REQUESTS
from console_world import Told
from starlette.testclient import TestClient
from traced_world import trace_id

URL = f"/endpoints/{NAME}/predictions"


def shown(html: str) -> list[str]:
    return re.findall(r'<tr id="prediction-([^"]+)"', html)


def total(html: str) -> int:
    found = re.search(r"<h2>([\d,]+) rows?</h2>", html)
    return int(found[1].replace(",", "")) if found else 0


def test_rows_that_match_are_counted_drawn_and_paged(
    client: TestClient, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepwell.console.views.searching.search.PAGE", 20)
    everything = client.get(URL).text
    some = client.get(URL, params={"where": "tenure>30"}).text
    others = client.get(URL, params={"where": "tenure<=30"}).text
    assert total(some) + total(others) == total(everything) > 40
    assert some.count('<rect class="cur"') == 60
    assert len(shown(everything)) == 20
    second = client.get(URL, params={"page": "2"}).text
    assert not set(shown(second)) & set(shown(everything))
    assert f'href="{URL}?page=3"' in unescape(second)
    middle = told.workspace.predictions.recent(NAME, 60)[29].time
    assert total(client.get(URL, params={"since": repr(middle)}).text) == 30
    assert total(client.get(URL, params={"until": repr(middle)}).text) == total(everything) - 30


def test_the_same_is_told_as_sql_command_and_file(client: TestClient, told: Told) -> None:
    asked = {"where": "tenure>30; Contract=Month-to-month", "version": "2", "since": "30d ago"}
    html = unescape(client.get(URL, params=asked).text)
    wanted = total(html)
    assert wanted > 0
    sql = re.search(r"<pre>(SELECT \* FROM predictions .*?)</pre>", html, re.DOTALL)
    assert sql is not None
    rows = told.workspace.predictions.query(sql[1].partition(" ORDER BY")[0])
    assert rows.num_rows == wanted
    assert "keepwell predictions list --endpoint" in html
    assert "--where 'tenure>30' --where Contract=Month-to-month" in html
    sheet = client.get(f"{URL}.csv", params=asked)
    assert "attachment" in sheet.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert len(lines) == wanted
    assert {line["version"] for line in lines} == {"2"}
    assert all(float(line["input.tenure"]) > 30 for line in lines)
    plain = client.get(f"{URL}.jsonl", params=asked).text.splitlines()
    assert len(plain) == wanted
    assert json.loads(plain[0])["inputs"]["Contract"] == "Month-to-month"
    assert client.get(f"{URL}.xls").status_code == 404


def test_one_request_is_found_by_its_id(client: TestClient, told: Told) -> None:
    one = told.predictions[0]
    assert shown(client.get(URL, params={"text": one}).text) == [one]


def test_a_wrong_condition_is_told_on_the_page(client: TestClient) -> None:
    answer = client.get(URL, params={"where": "nonsense"})
    assert answer.status_code == 200
    assert "is no condition" in unescape(answer.text)
    assert client.get(URL, params={"since": "soon"}).status_code == 200
    nothing = client.get(URL, params={"text": "no such thing"}).text
    assert "No row matches" in nothing


def test_traces_are_searched_paged_and_drawn(client: TestClient) -> None:
    html = unescape(client.get("/traces").text)
    assert f"<h2>{REQUESTS + 1} traces</h2>" in html
    assert "By model" in html
    assert "latency_p90_ms" not in html  # objectives are of one application
    assert html.count('class="lane"') >= 5
    second = client.get("/traces?page=2").text
    assert len(re.findall(r'<tr id="trace-', second)) == REQUESTS + 1 - 50
    helpdesk = unescape(client.get("/traces?app=helpdesk&failed=1").text)
    assert "<h2>1 trace</h2>" in helpdesk
    assert "latency_p90_ms" in helpdesk
    assert "rate limit" in helpdesk
    assert "has no field 'colour'" in unescape(client.get("/traces?where=colour%3Dred").text)
    assert "No trace matches" in client.get("/traces?text=nothing+like+it").text


def test_a_trace_is_a_waterfall_with_prompts_and_scores(client: TestClient) -> None:
    html = unescape(client.get(f"/traces/{trace_id(2)}").text)
    assert html.count('<svg class="flow') == 3
    assert "user: question 2" in html
    assert "answer 2" in html
    assert "ana" in html
    assert "first token after" in html
    failed = client.get(f"/traces/{trace_id(3)}").text
    assert "&lt;b&gt;exceeded" in failed
    assert client.get("/traces/gone").status_code == 404
