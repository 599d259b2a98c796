import threading

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import GateError, NotFoundError
from keepwell.core.events import acting_as
from keepwell.core.ports import BlobStore
from keepwell.core.records import (
    Bundle,
    Estimate,
    Field,
    GateCheck,
    GateVerdict,
    ModelVersion,
    Profile,
    Signature,
    Task,
)
from keepwell.core.records.dataset import ColumnType
from keepwell.infrastructure.codec import to_json
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.tracking.bundles import pack
from keepwell.tracking.registry import Registry

SIGNATURE = Signature(
    task=Task.BINARY,
    target="Churn",
    inputs=(Field(name="tenure", type=ColumnType.INTEGER, required=True, example=12),),
    classes=("No", "Yes"),
)


def register(registry: Registry, run: str, model: str = "churn") -> ModelVersion:
    return registry.register(
        model,
        run=run,
        bundle=Bundle(files=()),
        signature=SIGNATURE,
        metric="roc_auc",
        metrics={"roc_auc": Estimate(value=0.84, low=0.82, high=0.86)},
        importance={"tenure": 1.0},
        learner="lightgbm",
        dataset="churn/1",
    )


def verdict(passed: bool) -> GateVerdict:
    check = GateCheck(name="min roc_auc", passed=passed, value=0.84, limit=0.9, detail="0.06 short")
    return GateVerdict(passed=passed, checks=(check,))


def test_versions_are_numbered_from_one(registry: Registry) -> None:
    first, second = register(registry, "r1"), register(registry, "r2")
    assert (first.version, second.version) == (1, 2)
    assert registry.get("churn", 1) == first
    assert registry.get("churn", "2") == second
    assert registry.get("churn") == second
    assert [item.version for item in registry.versions("churn")] == [2, 1]
    assert registry.models() == ["churn"]


def test_a_run_is_registered_once(registry: Registry) -> None:
    first = register(registry, "r1")
    register(registry, "r2")
    assert register(registry, "r1") == first
    assert len(registry.versions("churn")) == 2


def test_threads_get_different_numbers(registry: Registry) -> None:
    threads = [
        threading.Thread(target=register, args=(registry, f"r{number}")) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.version for item in registry.versions("churn")] == list(range(8, 0, -1))


def test_an_alias_moves_and_tells_why(registry: Registry, clock: ManualClock) -> None:
    for run in ("r1", "r2"):
        register(registry, run)
    registry.point("churn", "champion", 1, "gate passed")
    clock.advance(60)
    with acting_as("user:ana"):
        registry.point("churn", "champion", 2, "better by 0.01")
    assert registry.resolve("churn", "champion") == 2
    assert registry.get("churn", "champion").version == 2
    newest, oldest = registry.history("churn")
    assert (newest.version, newest.actor, newest.why) == (2, "user:ana", "better by 0.01")
    assert (newest.verb, newest.time - oldest.time) == ("promoted", 60)


def test_pointing_where_it_points_already_is_no_event(registry: Registry) -> None:
    register(registry, "r1")
    registry.point("churn", "champion", 1)
    registry.point("churn", "champion", 1)
    assert len(registry.history("churn")) == 1


def test_revert_goes_back_to_the_version_before(registry: Registry) -> None:
    for run in ("r1", "r2", "r3"):
        register(registry, run)
    for version in (1, 3):
        registry.point("churn", "champion", version)
    assert registry.revert("churn", why="errors").version == 1
    assert registry.history("churn")[0].verb == "reverted"
    assert registry.resolve("churn", "champion") == 1


def test_nothing_to_revert_to_says_so(registry: Registry) -> None:
    register(registry, "r1")
    registry.point("churn", "champion", 1)
    with pytest.raises(NotFoundError, match="never pointed at another version"):
        registry.revert("churn")
    with pytest.raises(NotFoundError, match="never set"):
        registry.revert("iris")


def test_a_promoted_challenger_is_no_challenger_any_more(
    registry: Registry, metadata: SqlMetadataStore
) -> None:
    for run in ("r1", "r2"):
        register(registry, run)
    registry.point("churn", "champion", 1)
    registry.point("churn", "challenger", 2)
    assert registry.aliases("churn") == {"challenger": 2, "champion": 1}
    registry.point("churn", "champion", 2)
    assert registry.aliases("churn") == {"champion": 2}
    assert registry.resolve("churn", "challenger") is None
    assert [event.verb for event in metadata.events(kind="alias")][-2:] == ["promoted", "removed"]


def test_an_alias_can_be_taken_away(registry: Registry) -> None:
    register(registry, "r1")
    registry.point("churn", "challenger", 1)
    registry.remove_alias("churn", "challenger", "rejected")
    registry.remove_alias("churn", "challenger", "rejected")
    assert registry.aliases("churn") == {}
    assert registry.history("churn", "challenger")[0].version is None


def test_the_past_can_be_asked(registry: Registry, clock: ManualClock) -> None:
    for run in ("r1", "r2"):
        register(registry, run)
    before = clock.now()
    clock.advance(10)
    registry.point("churn", "champion", 1)
    clock.advance(10)
    registry.point("churn", "champion", 2)
    registry.point("churn", "challenger", 1)
    assert registry.at(before) == {}
    assert registry.at(before + 10) == {"churn": {"champion": 1}}
    assert registry.at() == {"churn": {"champion": 2, "challenger": 1}}


def test_a_version_that_failed_its_gate_is_not_promoted(registry: Registry) -> None:
    register(registry, "r1")
    judged = registry.record_gate("churn", 1, verdict(passed=False))
    assert judged.gate is not None
    assert registry.get("churn", 1).gate == judged.gate
    with pytest.raises(GateError, match=r"0\.06 short"):
        registry.point("churn", "champion", 1)
    registry.point("churn", "challenger", 1)
    registry.point("churn", "champion", 1, force=True)
    assert registry.resolve("churn", "champion") == 1


def test_a_version_that_passed_is_promoted(registry: Registry) -> None:
    register(registry, "r1")
    registry.record_gate("churn", 1, verdict(passed=True))
    assert registry.point("churn", "champion", 1).version == 1


def test_what_is_missing_is_named(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="registered: none"):
        registry.get("churn")
    register(registry, "r1")
    registry.point("churn", "champion", 1)
    with pytest.raises(NotFoundError, match="did you mean 'churn'"):
        registry.get("chrun")
    with pytest.raises(NotFoundError, match="versions: 1 to 1"):
        registry.get("churn", 7)
    with pytest.raises(NotFoundError, match="did you mean 'champion'"):
        registry.get("churn", "champoin")
    with pytest.raises(NotFoundError):
        registry.point("churn", "champion", 2)


def test_the_profile_is_read_from_the_bundle(registry: Registry, blobs: BlobStore) -> None:
    profile = Profile(rows=3, columns=())
    bundle = pack(blobs, {"profile.json": to_json(profile)})
    version = registry.register(
        "churn", run="r1", bundle=bundle, signature=SIGNATURE, metric="roc_auc"
    )
    assert registry.profile(version) == profile
