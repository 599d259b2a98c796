"""What a playbook changes in a simulation is what the rows that follow are answered by."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from playbook_world import NAME, NOW, make_shop, use

from keepwell.core.clock import ManualClock
from keepwell.core.records import CohortRule, Flags
from keepwell.infrastructure.logged_rows import MARK
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.simulation.acting.answering import Answering
from keepwell.operations.simulation.acting.assignment import assigned
from keepwell.operations.simulation.acting.effects import SimulatedEffects, playbooks_of
from keepwell.operations.simulation.rows import PastLog, read_rows
from keepwell.operations.simulation.world import PastWorld, past_world
from keepwell.workspace import Workspace

OPTIONS: dict[str, dict[str, Any]] = {"quarantine": {"column": "age"}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = make_shop(tmp_path_factory.mktemp("acting") / "shop")
    with Workspace.open(root, clock=ManualClock(NOW)) as workspace:
        yield workspace


@pytest.fixture
def world(shop: Workspace) -> Iterator[PastWorld]:
    rows = PastLog(*read_rows(shop.predictions, NAME))
    endpoint = shop.endpoints.read(NAME)
    with past_world(
        shop.bench, shop.tables, shop.spec, rows, endpoint, since=NOW, takeover=True
    ) as world:
        rows.advance(NOW, lambda logged: logged)
        yield world


def newest(shop: Workspace) -> pa.Table:
    """Return rows from before `age` broke, and from after that."""
    rows, _ = read_rows(shop.predictions, NAME)
    return rows.sort_by("time").slice(rows.num_rows - 240, 80)


def by_version(answers: pa.Table, number: int) -> bool:
    return set(answers["version"].to_pylist()) == {number}


def by_fallback(answers: pa.Table, _: int) -> bool:
    said = zip(
        *(answers[name].to_pylist() for name in ("version", "role", "prediction")), strict=True
    )
    return set(said) == {(0, "fallback", '"no"')}


def without_age(answers: pa.Table, _: int) -> bool:
    logged = [json.loads(one) for one in answers["inputs"].to_pylist()]
    sent = {one["age"] == -999 for one in logged}
    return all(one.get(MARK) == {"age": None} for one in logged) and sent == {True, False}


def by_derived(answers: pa.Table, number: int) -> bool:
    """Tell whether a version of the simulation's own answers, but where the rule leads to another one."""
    pairs = zip(answers["version"].to_pylist(), answers["role"].to_pylist(), strict=True)
    return set(pairs) <= {(number, "champion"), (1, "rule")}


@pytest.mark.parametrize(
    ("playbook", "number", "holds"),
    [
        ("roll_back", 1, by_version),
        ("flag_off", 2, by_version),
        ("fall_back", 0, by_fallback),
        ("quarantine", 2, without_age),
        ("recalibrate", 4, by_derived),
        ("move_threshold", 4, by_derived),
    ],
)
def test_rows_are_answered_as_after_the_playbook_and_undone_as_before(
    shop: Workspace,
    world: PastWorld,
    playbook: str,
    number: int,
    holds: Callable[[pa.Table, int], bool],
) -> None:
    events = len(shop.metadata.events())
    rows = newest(shop)
    answering = Answering(world.bench, NAME, range(1, world.real + 1))
    before = answering(rows)
    effects = SimulatedEffects(world.bench, None, playbooks_of(world))
    done = effects.intervene(effects.plan(use(playbook, **OPTIONS.get(playbook, {}))))
    assert holds(answering(rows), number)
    assert not holds(before, number)
    effects.undo(done, "over")
    assert answering(rows).equals(before)
    assert (answering.refused, effects.noted) == (0, [])
    assert len(shop.metadata.events()) == events, "nothing of it is in the workspace"
    assert len(shop.registry.versions(NAME)) == world.real == 3


def test_a_column_in_quarantine_is_answered_as_a_gap(shop: Workspace, world: PastWorld) -> None:
    effects = SimulatedEffects(world.bench, None, playbooks_of(world))
    effects.intervene(effects.plan(use("quarantine", column="age")))
    rows = newest(shop)
    answers = Answering(world.bench, NAME, range(1, world.real + 1))(rows)
    by_rule = pc.equal(answers["role"], "rule")  # rules go by what was sent
    assert 0 < pc.sum(by_rule).as_py() < rows.num_rows
    answers, rows = answers.filter(pc.invert(by_rule)), rows.filter(pc.invert(by_rule))
    sent = [json.loads(one) | {"age": None} for one in rows["inputs"].to_pylist()]
    scorer = open_scorer(shop.bench, shop.registry.get(NAME, 2))
    wanted = scorer.rows(sent).probabilities
    assert wanted is not None
    said = answers["probabilities"].to_pylist()
    assert [one[1] for one in said] == pytest.approx(wanted[:, 1].tolist())


def test_rows_that_nobody_answers_are_left_out(shop: Workspace, world: PastWorld) -> None:
    endpoint = world.bench.endpoints.switch(
        NAME, Flags(killed=True, fallback=('income > 50 -> "no"',)), "killed"
    )
    rows = newest(shop)
    incomes = [json.loads(one)["income"] for one in rows["inputs"].to_pylist()]
    rich = [at for at, income in enumerate(incomes) if income > 50]
    (found,) = assigned(rows, endpoint, known=())
    assert (found[0].value, found[1].tolist()) == ("no", rich)
    answering = Answering(world.bench, NAME, ())
    assert answering(rows)["id"].equals(rows["id"].take(rich))
    assert answering.refused == len(incomes) - len(rich) > 0


def test_a_rule_by_the_key_decides_as_it_did(shop: Workspace) -> None:
    rows = newest(shop)
    keys = rows["key"].to_pylist()
    rule = CohortRule(when=f"customer == '{keys[3]}'", version=1)
    endpoint = replace(shop.endpoints.read(NAME), flags=Flags(rules=(rule,)))
    found = {one[0].role: one[1].tolist() for one in assigned(rows, endpoint, known={1, 2})}
    assert found["rule"] == [3]
    assert len(found["champion"]) == len(keys) - 1
    unknown = list(assigned(rows, endpoint, known={2}))
    assert [(one[0].role, len(one[1])) for one in unknown] == [("champion", len(keys))]
