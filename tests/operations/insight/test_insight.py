"""What is kept with a version, and what a regulated project demands before it lets one go live."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from outside import customers

from keepwell.core.errors import GateError, NotFoundError
from keepwell.core.spec import (
    CardSpec,
    DataSpec,
    FairnessSpec,
    GateSpec,
    ProjectSpec,
    ProtectedSpec,
    TrainSpec,
)
from keepwell.operations import promotion
from keepwell.operations.insight.fairness import fairness_of, make_fairness
from keepwell.operations.insight.overall import make_overview, overview_of
from keepwell.operations.insight.papers import papers
from keepwell.operations.insight.words import fairness_words
from keepwell.operations.reports import card_markdown, open_dossier, render_report
from keepwell.workspace import Workspace

CARD = CardSpec(owner="Team", intended_use="Calls.", out_of_scope="Prices.", limits="One country.")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ProjectSpec:
    root = tmp_path_factory.mktemp("regulated") / "bank"
    root.mkdir()
    lines = customers(600).splitlines()
    named = [f"{lines[0]},gender"]
    named += [f"{line},{('female', 'male')[at % 2]}" for at, line in enumerate(lines[1:])]
    (root / "customers.csv").write_text("\n".join(named) + "\n")
    (root / "keepwell.yaml").write_text("project: bank\ndata: {source: customers.csv}\n")
    return ProjectSpec(
        name="bank",
        root=root,
        data=DataSpec(source="customers.csv", target="churn", key="customer"),
        train=TrainSpec(budget=4.0, folds=2, learners=("linear",)),
        gate=GateSpec(regulated=True),
        fairness=ProtectedSpec(columns=("gender",)),
    )


@pytest.fixture(scope="module")
def bank(spec: ProjectSpec) -> Iterator[Workspace]:
    with Workspace(spec) as opened:
        opened.builder.run()
        yield opened


def test_training_leaves_an_explanation_and_a_fairness_view(bank: Workspace) -> None:
    version = bank.registry.get("bank", 1)
    found = overview_of(bank.bench, version)
    assert found is not None
    assert next(iter(found.permutation)) == "tenure"
    assert found.seconds < 5
    (view,) = fairness_of(bank.bench, version)
    assert view.column == "gender"
    assert view.named
    assert {group.name for group in view.groups} == {"female", "male"}


def test_report_and_card_tell_both(bank: Workspace) -> None:
    dossier = open_dossier(bank.bench, bank.registry.get("bank", 1))
    page = render_report(dossier, now=0.0)
    assert "Whom it treats how" in page
    assert "How the answer moves with a column" in page
    assert "equalized odds" in page
    assert fairness_words(dossier.fairness[0])[0] in card_markdown(dossier)


def test_nothing_goes_live_without_its_papers_whoever_insists(bank: Workspace) -> None:
    version = bank.registry.get("bank", 1)
    assert version.gate is not None
    assert not version.gate.passed
    missing = [check for check in version.gate.checks if not check.passed]
    assert [check.name for check in missing] == ["regulated: model card"]
    assert "owner: …" in missing[0].detail
    with pytest.raises(GateError, match="may not go live without its model card"):
        promotion.promote(bank.bench, 1, "now", force=True)
    assert bank.registry.resolve("bank", "champion") is None


def test_with_its_papers_the_same_version_goes_live(bank: Workspace, spec: ProjectSpec) -> None:
    with Workspace(replace(spec, card=CARD)) as opened:
        opened.builder.run()
        verdict = opened.registry.get("bank", 1).gate
        assert verdict is not None
        assert verdict.passed
        assert opened.registry.resolve("bank", "champion") == 1


def test_a_column_that_is_named_later_wants_its_view_and_the_command_makes_it(
    bank: Workspace, spec: ProjectSpec
) -> None:
    later = replace(spec, card=CARD, fairness=ProtectedSpec(columns=("gender", "plan")))
    with Workspace(later) as opened:
        version = opened.registry.get("bank", 1)
        lacking = [paper for paper in papers(opened.bench, version) if not paper.there]
        assert [paper.now for paper in lacking] == ["keepwell models fairness 1 --by plan"]
        make_fairness(opened.bench, version, by=["plan"])
        assert all(paper.there for paper in papers(opened.bench, version))
        assert {view.column for view in fairness_of(opened.bench, version)} == {"gender", "plan"}


def test_the_gate_holds_any_gap_to_its_limit(bank: Workspace, spec: ProjectSpec) -> None:
    from keepwell.operations.build.judge import judge_version
    from keepwell.operations.insight.overall import test_rows_of as rows_of

    fairness = FairnessSpec(by="gender", max_gap=0.2, metric="disparate_impact")
    with Workspace(replace(spec, gate=GateSpec(fairness=fairness))) as opened:
        version = opened.registry.get("bank", 1)
        found = judge_version(opened.bench, version, rows_of(opened.bench, version), champion=None)
    (check,) = found.checks
    assert check.name == "fairness gender disparate_impact"
    assert check.passed is (check.value <= 0.2)
    assert "of the largest" in check.detail


def test_can_be_made_again_from_rows_at_hand(bank: Workspace, tmp_path: Path) -> None:
    from keepwell.data.tables import read_table

    (tmp_path / "rows.csv").write_text(customers(120))
    version = bank.registry.get("bank", 1)
    table = read_table("rows.csv", tmp_path)
    assert "gender" not in table.column_names
    with pytest.raises(NotFoundError, match="no column 'gendr'"):
        make_fairness(bank.bench, version, by=["gendr"])
    wide = table.append_column("gender", [["male", "female"] * (table.num_rows // 2)])
    assert make_overview(bank.bench, version, wide).rows == table.num_rows
