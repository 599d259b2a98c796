import dataclasses
import inspect

import pytest

from keepwell.core import records
from keepwell.core.records import (
    Alias,
    Bundle,
    BundleFile,
    ColumnProfile,
    ColumnType,
    Endpoint,
    Field,
    Profile,
    Route,
    Signature,
    Task,
)

DATACLASSES = [
    item
    for name in records.__all__
    if inspect.isclass(item := getattr(records, name)) and dataclasses.is_dataclass(item)
]


@pytest.mark.parametrize("cls", DATACLASSES, ids=lambda cls: cls.__name__)
def test_every_record_is_frozen_slotted_and_keyword_only(cls: type) -> None:
    parameters = vars(cls)["__dataclass_params__"]
    assert parameters.frozen
    assert "__slots__" in vars(cls)
    assert all(field.kw_only for field in dataclasses.fields(cls))


def test_routes_tell_champion_and_challenger() -> None:
    routes = (Route(version=3, weight=95), Route(version=4, weight=5, role="challenger"))
    endpoint = Endpoint(name="churn", model="churn", routes=routes)
    assert (endpoint.champion, endpoint.challenger) == (3, 4)
    assert Endpoint(name="x", model="x").champion is None
    assert Endpoint(name="x", model="x").challenger is None


def test_parts_are_found_by_name() -> None:
    bundle = Bundle(files=(BundleFile(name="a", digest="d", size=1),))
    assert bundle.file("a") == bundle.files[0]
    assert bundle.file("b") is None
    signature = Signature(
        task=Task.BINARY, target="y", inputs=(Field(name="x", type=ColumnType.NUMBER),)
    )
    assert signature.input("x") == signature.inputs[0]
    assert signature.input("y") is None
    profile = Profile(
        rows=1, columns=(ColumnProfile(name="x", type=ColumnType.NUMBER, rows=1, missing=0),)
    )
    assert profile.column("x") == profile.columns[0]
    assert profile.column("y") is None


def test_keys_are_paths() -> None:
    assert Alias(model="churn", alias="champion", version=3).key == "churn/champion"
