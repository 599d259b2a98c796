"""The report and the card say what the record holds, and nothing else."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from keepwell.core.records import Evaluation, Slice
from keepwell.core.spec import CardSpec
from keepwell.operations.reports import (
    Dossier,
    card_markdown,
    card_sections,
    open_dossier,
    plain,
    render_report,
)
from keepwell.workspace import Workspace

SECTIONS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
    "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(scope="module")
def dossier(judged: Workspace) -> Dossier:
    return open_dossier(judged.bench, judged.registry.get("shop", 2))


@pytest.fixture(scope="module")
def page(dossier: Dossier) -> str:
    return render_report(dossier, now=1_800_000_000.0)


def test_gathers_what_the_record_holds(dossier: Dossier) -> None:
    assert dossier.evaluation is not None
    assert dossier.evaluation.searched > 0
    assert dossier.evaluation.usual == "no"
    assert dossier.dataset is not None
    assert {name for name, _, _ in dossier.steps} == {"numbers", "categories", "model"}
    assert {"roc_curve", "gain", "lift", "confusion_matrix"} <= set(dossier.plots)
    assert "LGBMClassifier" in dossier.program


def test_tells_laymen_first_and_experts_after(page: str, dossier: Dossier) -> None:
    top, _, below = page.partition('<section id="expert"')
    accuracy = dossier.version.metrics["accuracy"].value
    assert f"it was right in {accuracy:.0%}" in top
    assert "Always answering “no” would be right in" in top
    for word in (
        "What was built",
        "How good it is",
        "What matters most",
        "Where it fails",
        "What was left out",
    ):
        assert word in top
    for word in (
        "Over-fit check",
        "Leaderboard",
        "Pipeline",
        "Settings",
        "lightgbm/plain",
        "LGBMClassifier",
    ):
        assert word in below
    assert all(name in below for name in dossier.version.metrics)
    assert all(title in below for title in SECTIONS)


def test_needs_no_network(page: str) -> None:
    ours = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)  # Plotly names its home page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", ours)
    assert "default-src 'none'" in page
    assert 1_000_000 < len(page) < 3_000_000


def test_lets_nothing_in_the_data_become_markup(dossier: Dossier) -> None:
    evil = "<script>alert(1)</script>"
    figure = {"data": [{"type": "scatter", "x": [1], "y": [1], "name": evil}], "layout": {}}
    findings = [{"column": evil, "message": evil, "dropped": True}]
    text = render_report(
        replace(dossier, plots={evil: figure}, findings=findings, program=evil), now=0.0
    )
    assert evil not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.skipif(CHROMIUM is None, reason="no browser")
def test_draws_every_figure_in_a_browser(page: str, dossier: Dossier, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page)
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000")
    done = subprocess.run(
        [str(CHROMIUM), *flags, "--dump-dom", (tmp_path / "report.html").as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    tables = sum(
        any(trace.get("type") == "heatmap" for trace in item["data"])
        for item in dossier.plots.values()
    )
    overview = dossier.overview
    assert overview is not None
    drawn = len(dossier.plots) - tables + len(overview.dependence)
    assert done.stdout.count('class="plot js-plotly-plot"') == drawn


def test_the_card_has_the_sections_of_the_paper_and_says_what_is_not_known(
    dossier: Dossier,
) -> None:
    assert [section.title for section in card_sections(dossier)] == SECTIONS
    text = card_markdown(dossier)
    assert "- **owner**: Retention team" in text
    assert "- **use**: Whom to call before they leave." in text
    assert (
        "- **users**: Not stated. State it as `card: {intended_users: …}` in keepwell.yaml." in text
    )
    assert "Not measured: no protected column is named" in text
    bare = card_markdown(replace(dossier, card=CardSpec(), dataset=None, evaluation=None))
    assert bare.count("Not stated.") == 9
    assert bare.count("Not known: ") == 2


def test_says_in_words_where_it_fails_and_that_it_may_not_know(dossier: Dossier) -> None:
    words = "where `plan` is monthly (70 rows), accuracy is 0.50; 0.90 elsewhere"
    part = Slice(
        conditions=(("plan", "is monthly"),),
        rows=70,
        metric="accuracy",
        value=0.5,
        elsewhere=0.9,
        p=0.0,
        words=words,
    )
    found = Evaluation(metric="roc_auc", rows=100, slices=(part,), searched=9, smallest=20)
    told = plain.weak_spots(replace(dossier, evaluation=found))
    assert told == ["Where “plan” is monthly (70 rows), accuracy is 0.50; 0.90 elsewhere."]
    unsure = plain.weak_spots(replace(dossier, evaluation=None))
    assert unsure == ["There were too few test rows to look for parts where it fails."]


def test_figures_survive_as_json(page: str, dossier: Dossier) -> None:
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', page, flags=re.DOTALL)
    drawn = [json.loads(block) for block in blocks]
    assert dossier.plots["roc_curve"] in drawn
