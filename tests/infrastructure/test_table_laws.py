from pathlib import Path

import pytest

from keepwell.infrastructure.tables import open_tables
from keepwell.testing import Law, laws, named, table_suite


@pytest.mark.parametrize("law", laws(table_suite), ids=named)
@pytest.mark.parametrize("form", ["{}", "file://{}"], ids=["path", "file"])
def test_table_store_keeps_the_law(law: Law, form: str, tmp_path: Path) -> None:
    law(lambda: open_tables(form.format(tmp_path / "tables")))
