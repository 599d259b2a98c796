import pytest

from keepwell.core.records import ColumnType
from keepwell.data.inference import Evidence, decide
from keepwell.data.inference.readings import Storage


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (Evidence(values=7043, distinct=7043, length=10), ColumnType.IDENTIFIER),
        (Evidence(values=28638, distinct=28633, length=11), ColumnType.IDENTIFIER),
        (Evidence(values=3000, distinct=2982, spaces=11.5, length=70), ColumnType.TEXT),
        (Evidence(values=3000, distinct=3000, spaces=11.5, length=70), ColumnType.TEXT),
        (Evidence(values=1458, distinct=1440, spaces=1.4, length=18), ColumnType.TEXT),
        (Evidence(values=7043, distinct=4, spaces=2.1, length=20), ColumnType.CATEGORY),
        (Evidence(values=334264, distinct=4043, length=6), ColumnType.CATEGORY),
        (Evidence(values=16, distinct=16, spaces=2.0, length=20), ColumnType.CATEGORY),
        (Evidence(values=12000, distinct=12000, length=600), ColumnType.TEXT),
        (
            Evidence(values=3000, distinct=2900, spaces=7, length=90, lists=True),
            ColumnType.IDENTIFIER,
        ),
        (Evidence(values=3000, distinct=12, spaces=1, length=6, lists=True), ColumnType.CATEGORY),
        (Evidence(values=0, distinct=0), ColumnType.CATEGORY),
    ],
)
def test_strings_are_categories_text_or_identifiers(seen: Evidence, kind: ColumnType) -> None:
    assert decide("column", Storage.STRING, seen)[0] is kind


@pytest.mark.parametrize(
    ("name", "seen", "kind"),
    [
        ("t", Evidence(values=18159, distinct=18159, steady=True), ColumnType.IDENTIFIER),
        ("customer_id", Evidence(values=500, distinct=500), ColumnType.IDENTIFIER),
        ("userId", Evidence(values=500, distinct=500), ColumnType.IDENTIFIER),
        ("customer_id", Evidence(values=500, distinct=80), ColumnType.INTEGER),
        ("income", Evidence(values=500, distinct=500), ColumnType.INTEGER),
        ("paid", Evidence(values=500, distinct=500), ColumnType.INTEGER),
        ("year", Evidence(values=10, distinct=10, steady=True), ColumnType.INTEGER),
    ],
)
def test_whole_numbers_are_identifiers_if_they_count_rows_or_are_called_so(
    name: str, seen: Evidence, kind: ColumnType
) -> None:
    assert decide(name, Storage.INTEGER, seen)[0] is kind


def test_other_storages_mean_one_thing() -> None:
    seen = Evidence(values=10, distinct=10)
    kinds = [
        decide("x", storage, seen)[0]
        for storage in (Storage.NUMBER, Storage.BOOLEAN, Storage.INSTANT)
    ]
    assert kinds == [ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.DATETIME]
