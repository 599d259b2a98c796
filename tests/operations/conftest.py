"""A project that was built twice, for whoever judges versions."""

from collections.abc import Iterator

import pytest
from judged_shop import build_shop

from keepwell.workspace import Workspace


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a project in a Git repository with two versions: linear, then boosted."""
    with build_shop(tmp_path_factory.mktemp("judged") / "shop") as opened:
        yield opened
