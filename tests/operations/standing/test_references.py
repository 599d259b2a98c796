"""What estimates rest on is made from a version's own test rows, and kept with its run."""

import pytest

from keepwell.core.records import Bundle
from keepwell.infrastructure.codec import from_json
from keepwell.monitoring.estimation import Reference
from keepwell.operations.standing.references import KEPT, reference_of
from keepwell.workspace import Workspace


def test_it_is_made_of_the_test_rows_and_kept_with_the_run(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = judged.registry.get("shop", 2)
    made = reference_of(judged.bench, version)
    assert made.method == "confidence"
    assert made.rows >= 100
    assert from_json(Reference, judged.runs.read(version.run, KEPT)) == made
    monkeypatch.setattr(
        "keepwell.operations.standing.references._made", lambda *_: pytest.fail("made again")
    )
    assert reference_of(judged.bench, version) == made


def test_a_version_from_outside_says_why_nothing_can_be_estimated(judged: Workspace) -> None:
    signature = judged.registry.get("shop", 2).signature
    stranger = judged.registry.register(
        "stranger", run="none", bundle=Bundle(files=()), signature=signature, metric="accuracy"
    )
    found = reference_of(judged.bench, stranger)
    assert found.method == ""
    assert found.note.startswith("performance cannot be estimated: the test rows of stranger/1")
