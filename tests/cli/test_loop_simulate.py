"""`keepwell loop simulate`: what would have been done, in words and as JSON."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from past_shop import LOOP, MONITOR, shop_with_past

from keepwell.cli.output import Output
from keepwell.cli.tables.simulation import tell_simulation
from keepwell.core.records import Intervention
from keepwell.infrastructure.project_file import render_project
from keepwell.operations.simulation.result import (
    Course,
    Intervened,
    Quality,
    QualityPoint,
    Simulation,
    Takeover,
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("simulated") / "shop"
    with shop_with_past(root, days=5, turns=2.0) as opened:
        spec = replace(opened.spec, monitor=MONITOR, loop=LOOP)
        (root / "keepwell.yaml").write_text(render_project(spec))
    (root / "never.yaml").write_text("loop: {enabled: false}\n")
    return root


def test_it_tells_what_would_have_been_done(keepwell: Any, shop: Path) -> None:
    told = keepwell("loop", "simulate", "--every", "12h", "--project", shop)
    assert told.code == 0, told.err
    assert "300 predictions" in told.out
    assert "note: looks are 12h apart, not 6h" in told.out
    assert "it would be retrained here, on" in told.out
    assert "1 simulated" in told.out
    assert "nothing was decided" in told.out, "really, nothing was"
    assert "--train 5" in told.out


def test_policies_stand_in_one_document(keepwell: Any, shop: Path) -> None:
    told = keepwell(
        "loop", "simulate", "shop", "--policy", shop / "never.yaml", "--every", "12h", "--json",
        "--project", shop,
    )  # fmt: skip
    assert told.code == 0, told.err
    policies = told.document["policies"]
    assert [one["name"] for one in policies] == ["as it is", "never"]
    assert [len(one["retrainings"]) for one in policies] == [1, 0]
    assert told.document["actual"]["quality"]["metric"] == "roc_auc"


def test_what_is_carried_out_counts_in_the_metric(keepwell: Any, shop: Path) -> None:
    told = keepwell(
        "loop", "simulate", "--act", "--approve", "all", "--every", "1d", "--json", "-C", shop
    )
    assert told.code == 0, told.err
    assert (told.document["acted"], told.document["trained"]) == (True, False)
    (policy,) = told.document["policies"]
    assert policy["interventions"] == []
    assert policy["quality"] == told.document["actual"]["quality"], "nothing was done"


def test_interventions_are_counted_by_how_they_ended(capsys: pytest.CaptureFixture[str]) -> None:
    def intervened(status: str, *, simulated: bool) -> Intervened:
        one = Intervention(
            id=status, endpoint="shop", playbook="scale", reason="busy", status=status
        )
        return Intervened(intervention=one, simulated=simulated)

    mine = (intervened("kept", simulated=False), intervened("undone", simulated=True))
    theirs = (intervened("kept", simulated=False),)
    found = Simulation(
        endpoint="shop",
        since=0.0,
        until=40.0,
        step=10.0,
        predictions=200,
        outcomes=200,
        policies=(Course(name="eager", interventions=mine, looks=4),),
        actual=Course(name="really", interventions=theirs),
        trained=False,
    )
    tell_simulation(Output(as_json=False), found, 10)
    out = capsys.readouterr().out
    assert "1 noted, 1 undone" in out
    assert "1 kept" in out, "what was really done was done"
    assert "To carry out what changes answers: --act" in out.replace("\n", " ")


def test_mistakes_say_what_now(keepwell: Any, shop: Path) -> None:
    told = keepwell("loop", "simulate", "--policy", "nowhere.yaml", "--project", shop)
    assert (told.code, "no policy file nowhere.yaml" in told.err) == (1, True)
    told = keepwell("loop", "simulate", "--every", "often", "--project", shop)
    assert told.code == 2
    told = keepwell("loop", "simulate", "--approve", "perhaps", "--project", shop)
    assert (told.code, "assumes one of none, all" in told.err) == (2, True)
    told = keepwell("loop", "simulate", "--from", "2001-01-01", "--to", "2001-02-01", "-C", shop)
    assert (told.code, "has no past to replay" in told.err) == (1, True)


def test_quality_is_drawn_with_what_was_served_as_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def course(name: str, values: list[float | None], takeovers: tuple[Takeover, ...]) -> Course:
        points = tuple(
            QualityPoint(time=10.0 * at, value=value, rows=50) for at, value in enumerate(values)
        )
        quality = Quality(metric="accuracy", value=0.8, rows=200, points=points)
        return Course(name=name, quality=quality, takeovers=takeovers, looks=4, training=2.0)

    found = Simulation(
        endpoint="shop",
        since=0.0,
        until=40.0,
        step=10.0,
        predictions=200,
        outcomes=200,
        policies=(course("eager", [0.9, 0.9, 0.9, 0.9], (Takeover(time=20.0, version=2),)),),
        actual=course("really", [0.9, 0.9, 0.1, None], ()),
        trained=True,
        acted=True,
    )
    tell_simulation(Output(as_json=False), found, 10)
    out = capsys.readouterr().out
    assert "accuracy of 'eager' over time, 0.06 to 0.9; the line is what was served" in out
    chart = out.splitlines()[-10:-2]
    assert chart[0] == "  ╌╌██"
    assert chart[-1] == "  ██╌█"
    assert out.splitlines()[-2] == "    ↑"
