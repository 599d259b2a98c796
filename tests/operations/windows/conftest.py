"""A project of payments whose model looks back: built once, asked by everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from payment_shop import PROJECT, Shop, payments

from keepwell.workspace import Workspace


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Return a project that was built and is served."""
    root: Path = tmp_path_factory.mktemp("payments")
    (root / "keepwell.yaml").write_text(PROJECT)
    (root / "payments.csv").write_text(payments())
    with Workspace.open(root) as workspace:
        result = workspace.builder.run()
        assert result.passed
        shop = Shop(workspace)
        yield shop
        shop.writer.close()
        shop.store.close()
