"""The databases that the record lives in, and where a project file stands."""

from pathlib import Path

import pytest
from real_databases import fresh_postgresql, record_url

__all__ = ["fresh_postgresql", "record_url"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keepwell.yaml"
