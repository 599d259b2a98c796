"""Trying an endpoint from its page: the form, the reasons, and snippets that run as they are."""

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from console_browser import Browser, served
from console_customers import NAME
from live_world import A_CUSTOMER, Live, front, live

NASTY = A_CUSTOMER | {
    "LastNote": 'it\'s "so" \\ $HOME `x`\n<b>✓</b> & 100%',
    "TotalCharges": None,
    "SeniorCitizen": True,
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = live(tmp_path_factory.mktemp("live") / "churn", time.time())
    yield made
    made.workspace.close()


@pytest.fixture(scope="module")
def url(company: Live) -> Iterator[str]:
    with served(front(company)) as address:
        yield address


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Browser]:
    """Return a browser that has left the page when the page is gone."""
    yield browser
    browser.open("about:blank")
    browser.complaints()


@pytest.fixture(scope="module")
def snippets(url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what the page offers for a difficult row, by language."""
    from keepwell.console.rendering import STATIC

    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    script = (
        f"{(STATIC / 'snippets.js').read_text()}\n"
        f"const row = {json.dumps(NASTY)}, url = {json.dumps(f'{url}/endpoints/{NAME}/predict')};\n"
        "const made = Object.entries(snippets).map(([key, write]) => [key, write(url, row)]);\n"
        "console.log(JSON.stringify(Object.fromEntries(made)));"
    )
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    made: dict[str, str] = json.loads(done.stdout)
    return made


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def last_inputs(company: Live) -> dict[str, Any]:
    company.workspace.collector.collect()
    found = company.workspace.predictions.recent(NAME, 1)[0]
    inputs: dict[str, Any] = json.loads(found.inputs)
    return inputs


@pytest.mark.parametrize("language", ["curl", "python", "javascript"])
def test_a_snippet_runs_and_sends_the_row(
    company: Live, snippets: dict[str, str], language: str, tmp_path: Path
) -> None:
    expected = company.predict(NASTY)
    file = tmp_path / {"curl": "s.sh", "python": "s.py", "javascript": "s.mjs"}[language]
    file.write_text(snippets[language])
    program = {"curl": "bash", "python": sys.executable, "javascript": "node"}[language]
    if shutil.which(program) is None or shutil.which("curl") is None:
        pytest.skip(f"no {program} here")
    said = run(program, str(file))
    assert expected["predictions"][0] in said
    assert str(expected["probabilities"][0]["Yes"])[:8] in said
    assert last_inputs(company) == NASTY


def test_the_address_for_spreadsheets_can_be_fetched(
    company: Live, snippets: dict[str, str]
) -> None:
    row = {name: value for name, value in NASTY.items() if value is not None}
    expected = company.predict(row)
    with urllib.request.urlopen(snippets["spreadsheet"]) as response:
        lines = response.read().decode().splitlines()
    assert lines[1].startswith(f"{expected['predictions'][0]},")


@pytest.mark.parametrize("language", ["curl", "python", "javascript", "r"])
def test_a_snippet_says_where_the_token_goes(language: str) -> None:
    from keepwell.console.rendering import STATIC

    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    ask = f"snippets.{language}('http://x/predict', {{a: 1}}"
    script = (
        f"{(STATIC / 'snippets.js').read_text()}\nconsole.log({ask}, true)); console.log({ask}));"
    )
    said = run(node, "-e", script)
    assert said.count("Bearer YOUR_TOKEN") == 1  # with, and not without


def test_the_form_sends_a_token_where_one_is_required(
    company: Live, visitor: Browser, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = company.workspace
    serve = replace(workspace.spec.serve, tokens="required")
    monkeypatch.setattr(workspace, "spec", replace(workspace.spec, serve=serve))
    visitor.open(f"{url}/endpoints/{NAME}")
    assert visitor.run("return document.getElementById('token').type") == "password"
    assert "Bearer YOUR_TOKEN" in visitor.run(
        "return document.getElementById('snippet').textContent"
    )
    visitor.run(
        "window.sent = []; const real = window.fetch;"
        "window.fetch = (to, how) => { if (String(to).includes('/predict') || String(to).includes"
        "('/explain')) sent.push(how.headers.authorization); return real(to, how); };"
        "document.getElementById('token').value = ' kw_abc ';"
        "document.querySelector('#try button[type=submit]').click()"
    )
    visitor.until("window.sent.length === 2")
    assert visitor.run("return window.sent") == ["Bearer kw_abc"] * 2
    kept = visitor.run(
        "return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert "kw_abc" not in kept
    assert "kw_abc" not in visitor.run("return document.getElementById('snippet').textContent")


def test_the_snippet_for_r_is_balanced(snippets: dict[str, str]) -> None:
    assert '"TotalCharges" = NULL' in snippets["r"]
    assert '"SeniorCitizen" = TRUE' in snippets["r"]
    assert "library(httr2)" in snippets["r"]


def test_the_page_answers_with_reasons(visitor: Browser, url: str) -> None:
    visitor.open(f"{url}/endpoints/{NAME}")
    assert visitor.run("return document.querySelector('[name=SignedUp]').type") == "date"
    assert visitor.run("return document.querySelector('[name=SignedUp]').value") == "2024-05-17"
    assert visitor.run("return document.querySelector('[name=Contract]').tagName") == "SELECT"
    visitor.complaints()
    visitor.run("document.querySelector('#try button').click()")
    visitor.until("document.querySelectorAll('#answer .why .shares svg').length === 6")
    shown = visitor.run("return document.getElementById('answer').textContent")
    assert "speaks" in shown
    assert "log-odds of Yes" in shown
    assert visitor.complaints() == []


def test_the_snippet_follows_language_and_form(visitor: Browser, url: str) -> None:
    visitor.open(f"{url}/endpoints/{NAME}")
    visitor.run("document.querySelector('[data-language=python]').click()")
    text = visitor.run("return document.getElementById('snippet').textContent")
    assert "import urllib.request" in text
    assert '"SeniorCitizen": False' in text
    pressed = "return document.querySelector('[aria-pressed=true]').dataset.language"
    assert visitor.run(pressed) == "python"


def test_the_page_of_a_prediction_says_why(visitor: Browser, company: Live, url: str) -> None:
    identifier = company.predict(A_CUSTOMER)["prediction_ids"][0]
    visitor.open(f"{url}/predictions/{identifier}")
    visitor.until("document.querySelectorAll('#why .leaning').length === 8")
    assert "log-odds of Yes" in visitor.run("return document.getElementById('why').textContent")
    assert visitor.complaints() == []
