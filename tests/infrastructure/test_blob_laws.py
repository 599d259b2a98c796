from collections.abc import Callable
from pathlib import Path

import pytest

from keepwell.infrastructure.blobs import open_blobs
from keepwell.testing import Law, blob_suite, laws, named


@pytest.fixture(params=["path", "file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    places: dict[str, Callable[[], str]] = {
        "path": lambda: str(tmp_path / "with a space" / "blobs"),
        "file": lambda: f"file://{tmp_path}/blobs",
        "memory": lambda: f"memory://{tmp_path}/blobs",
    }
    return places[request.param]()


@pytest.mark.parametrize("law", laws(blob_suite), ids=named)
def test_blob_store_keeps_the_law(law: Law, url: str) -> None:
    law(lambda: open_blobs(url))
