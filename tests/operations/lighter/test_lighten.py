"""A lighter variant of a registered version: chosen, judged, kept and found again."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import numpy as np
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.errors import UsageError
from keepwell.core.records import Estimate, ModelVersion
from keepwell.operations.build.recipe import evaluation_of
from keepwell.operations.comparison.ground import own_test_rows
from keepwell.operations.lighter import (
    Lighter,
    Refusal,
    consider,
    lighten,
    lighter_of,
    lighter_variants,
    told,
)
from keepwell.operations.lighter.evidence import Timing
from keepwell.operations.own_model import register_own
from keepwell.operations.reports import card_markdown, open_dossier
from keepwell.workspace import Workspace

LOSS = 0.05


@pytest.fixture(scope="module")
def shop(judged: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a copy of the project, for its versions are counted by others."""
    root = tmp_path_factory.mktemp("lighter") / "shop"
    shutil.copytree(judged.spec.root, root)
    with Workspace(replace(judged.spec, root=root)) as opened:
        yield opened


@pytest.fixture(scope="module")
def parent(shop: Workspace) -> ModelVersion:
    return shop.registry.get("shop", 2)


@pytest.fixture(scope="module")
def variant(shop: Workspace, parent: ModelVersion) -> ModelVersion:
    found = lighten(shop.bench, parent, max_loss=LOSS)
    assert isinstance(found, ModelVersion), found
    return found


def test_it_is_a_version_of_its_own_with_its_parent_on_record(
    shop: Workspace, parent: ModelVersion, variant: ModelVersion
) -> None:
    assert variant.version > parent.version
    assert variant.signature == parent.signature
    run = shop.runs.get(variant.run)
    assert run.kind == "lighten"
    assert run.tags["lightens"] == parent.key
    assert run.model == variant.key
    assert variant.proof is not None
    assert variant.proof.compiled
    assert variant.proof.largest_difference < 1e-9
    assert sum(variant.importance.values()) == pytest.approx(1.0)


def test_it_keeps_what_was_allowed_on_rows_that_did_not_choose_it(
    shop: Workspace, parent: ModelVersion, variant: ModelVersion
) -> None:
    evidence = lighter_of(shop.bench, variant)
    assert evidence is not None
    assert evidence.loss.value == pytest.approx(evidence.before - evidence.after)
    assert evidence.loss.value <= LOSS * evidence.before
    assert evidence.loss.low is not None
    assert evidence.chosen_on + evidence.rows == own_test_rows(shop.bench, parent).num_rows
    assert own_test_rows(shop.bench, variant).num_rows == evidence.rows
    assert variant.metrics[variant.metric].value == pytest.approx(evidence.after)
    assert max(evidence.row_gain, evidence.batch_gain) > 1.1
    assert evidence.light.bytes < evidence.heavy.bytes


def test_it_is_gated_and_told(shop: Workspace, variant: ModelVersion) -> None:
    assert variant.gate is not None
    judgement = evaluation_of(shop.runs, variant.run)
    assert judgement is not None
    assert "did not choose" in judgement.split_reason
    card = card_markdown(open_dossier(shop.bench, variant))
    assert "**lighter variant of**: shop/2, not trained itself; kept: the first" in card
    assert f"**against it**: {variant.key} answers one row" in card
    assert "rounds of LGBMClassifier" in card


def test_it_is_found_again_and_not_made_twice(
    shop: Workspace, parent: ModelVersion, variant: ModelVersion
) -> None:
    assert lighten(shop.bench, parent, max_loss=LOSS) == variant
    found = lighter_variants(shop.bench, parent, gated=False)
    assert [one.version for one in found] == [variant]
    assert lighter_variants(shop.bench, shop.registry.get("shop", 1), gated=False) == []
    closed = [one for one in found if one.version.gate is not None and one.version.gate.passed]
    assert lighter_variants(shop.bench, parent) == closed
    assert lighter_of(shop.bench, parent) is None


def test_it_is_made_and_read_over_http(
    shop: Workspace, parent: ModelVersion, variant: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(create_app(shop), base_url="http://127.0.0.1:4400")
    path = f"/api/v1/models/shop/versions/{parent.version}/lighter"
    made = client.post(path, json={"max_loss": LOSS})
    assert made.status_code == 200, made.text
    found = made.json()
    assert (found["parent"], found["made"]["version"]) == (parent.key, variant.version)
    assert found["told"].startswith(f"{variant.key} answers one row {found['row_gain']:.1f}x")

    listed = client.get(path).json()
    assert [one["version"]["version"] for one in listed["variants"]] == [variant.version]
    assert listed["evidence"] is None
    own = client.get(path.replace(f"/{parent.version}/", f"/{variant.version}/")).json()
    assert own["evidence"]["parent"] == parent.key
    assert (own["evidence"], own["variants"]) == (found["evidence"], [])

    assert client.post(path, json={"max_loss": 0.9}).status_code == 400
    assert client.post("/api/v1/models/none/versions/1/lighter", json={}).status_code == 404
    refusal = Refusal(version=parent.key, why="it has no trees", now="train one that has")
    routes = import_module("keepwell.api.routes.models")
    monkeypatch.setattr(routes, "consider", lambda *_, **__: refusal)
    refused = client.post(path, json={"dry_run": True})
    assert refused.status_code == 409
    assert refused.json()["what"] == f"no lighter variant of {parent.key}"
    assert (refused.json()["why"], refused.json()["now"]) == (refusal.why, refusal.now)
    assert len(shop.registry.versions("shop")) == variant.version, "nothing else was made"


def test_the_gate_grants_the_loss_only_where_its_parent_is_champion(
    shop: Workspace, parent: ModelVersion, variant: ModelVersion
) -> None:
    champion = shop.registry.resolve("shop", "champion")
    check = next(one for one in variant.gate.checks if one.name.startswith("champion"))  # type: ignore[union-attr]
    evidence = lighter_of(shop.bench, variant)
    assert evidence is not None
    granted = LOSS * evidence.before if champion == parent.version else 0.0
    assert -check.limit == pytest.approx(granted)


def test_what_has_no_trees_is_refused(shop: Workspace, parent: ModelVersion) -> None:
    from sklearn.linear_model import LogisticRegression

    rows = own_test_rows(shop.bench, parent).select(["tenure", "charges", "churn"])
    frame = rows.to_pandas()
    model = LogisticRegression().fit(frame[["tenure", "charges"]], frame["churn"])
    found = lighten(shop.bench, register_own(shop.bench, model, rows, "churn"), rows=rows)
    assert isinstance(found, Refusal)
    assert found.why == (
        "it is a single LogisticRegression, which has neither members nor trees to leave out"
    )


def test_no_loss_at_all_is_refused_with_the_nearest(shop: Workspace, parent: ModelVersion) -> None:
    rows = own_test_rows(shop.bench, parent)
    same = pa.concat_tables([rows] * 2)
    before = len(shop.registry.versions("shop"))
    found = consider(shop.bench, parent, max_loss=0.0, rows=same)
    if isinstance(found, Refusal):  # nothing beats the whole beyond its own standard error
        assert found.version == parent.key
        assert "the nearest" in found.why or "hardly" in found.why or "loses" in found.why
    assert len(shop.registry.versions("shop")) == before


def test_too_few_rows_or_rows_without_the_truth_are_refused(
    shop: Workspace, parent: ModelVersion
) -> None:
    rows = own_test_rows(shop.bench, parent)
    few = consider(shop.bench, parent, rows=rows.slice(0, 40))
    assert isinstance(few, Refusal)
    assert "40 labelled rows are too few" in few.why
    blind = consider(shop.bench, parent, rows=rows.drop_columns(["churn"]))
    assert isinstance(blind, Refusal)
    assert "have no column 'churn'" in blind.why


def test_a_loss_that_is_no_share_is_a_mistake(shop: Workspace, parent: ModelVersion) -> None:
    with pytest.raises(UsageError, match="no loss"):
        lighten(shop.bench, parent, max_loss=1.5)


def evidence_of(loss: Estimate) -> Lighter:
    return Lighter(
        parent="churn/3",
        form="the first 80 of 400 rounds of LGBMClassifier",
        metric="roc_auc",
        max_loss=0.005,
        chosen_on=500,
        rows=500,
        before=0.84,
        after=0.84 - loss.value,
        loss=loss,
        tried=4,
        heavy=Timing(row_ms=0.31, batch_ms=80.0, batch=10_000, bytes=300_000),
        light=Timing(row_ms=0.1, batch_ms=20.0, batch=10_000, bytes=60_000),
    )


def test_it_is_told_in_a_sentence_with_its_interval() -> None:
    said = told(evidence_of(Estimate(value=0.002, low=-0.001, high=0.005)))
    assert said == (
        "a lighter variant answers one row 3.1x and 10,000 rows 4.0x as fast as churn/3, and loses "
        "0.002 roc_auc (95% interval -0.001 to +0.005) on 500 rows that did not choose it"
    )
    better = told(evidence_of(Estimate(value=-0.002, low=-0.005, high=0.001)))
    assert "gains 0.002 roc_auc (95% interval -0.001 to +0.005)" in better
    assert "changes nothing in roc_auc" in told(evidence_of(Estimate(value=0.0)))
    assert not np.isnan(evidence_of(Estimate(value=0.0)).row_gain)
