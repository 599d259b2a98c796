import base64
from typing import Any

import pytest
from pictures import encoded, stripes

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType


def test_a_folder_of_pictures_is_a_dataset(world: Any) -> None:
    for seed in range(3):
        for label, upright in (("up", True), ("it's flat", False)):
            data = base64.b64decode(encoded(stripes(upright, seed)))
            world.write(f"shots/{label}/{seed}.png", data)
    version = world.datasets.ingest("shots", "shots", root=world.root)
    assert [(column.name, column.type) for column in version.columns] == [
        ("image", ColumnType.IMAGE),
        ("label", ColumnType.CATEGORY),
    ]
    rows = world.datasets.read(version).to_pylist()
    assert [row["label"] for row in rows] == ["it's flat"] * 3 + ["up"] * 3
    assert rows[3]["image"] == encoded(stripes(True, 0))


def test_an_empty_picture_is_refused(world: Any) -> None:
    world.write("shots/a/1.png", b"")
    with pytest.raises(InvalidDataError, match="is empty"):
        world.datasets.ingest("shots", "shots", root=world.root)
