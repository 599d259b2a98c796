"""A pickle is trusted by its digest, in the workspace that said so."""

from pathlib import Path

import pytest

from keepwell.core.errors import IntegrityError
from keepwell.infrastructure import consent


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "_homes", set())


def test_only_what_was_granted_is_trusted(tmp_path: Path) -> None:
    consent.grant(tmp_path, b"one", "model.py")
    consent.must_be_trusted(b"one", "the model")
    with pytest.raises(IntegrityError, match="keepwell models trust"):
        consent.must_be_trusted(b"two", "the model")


def test_another_workspace_trusts_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent.grant(tmp_path / "a", b"one", "model.py")
    monkeypatch.setattr(consent, "_homes", {tmp_path / "b"})
    with pytest.raises(IntegrityError):
        consent.must_be_trusted(b"one", "the model")


def test_a_damaged_file_trusts_nothing(tmp_path: Path) -> None:
    consent.grant(tmp_path, b"one", "model.py")
    (tmp_path / consent.FILE).write_text("[")
    with pytest.raises(IntegrityError):
        consent.must_be_trusted(b"one", "the model")
