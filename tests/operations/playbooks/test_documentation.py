"""The reference page says of every playbook what the code says."""

from pathlib import Path

from playbook_world import Shop

from keepwell.core.spec.looping import PLAYBOOKS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "playbooks.md"


def rows_of(header: str) -> list[list[str]]:
    lines = PAGE.read_text().splitlines()
    at = lines.index(header) + 2
    rows = []
    while lines[at].startswith("|"):
        rows.append([cell.strip() for cell in lines[at].strip("|").split("|")])
        at += 1
    return rows


def test_the_tables_are_the_playbooks(shop: Shop) -> None:
    books = {one.name: one for one in shop.playbooks.all()}
    said = rows_of("| playbook | what it does | options | undone |")
    assert said == [
        [
            f"`{name}`",
            words,
            ", ".join(f"`{one.name}`" for one in books[name].options) or "none",
            books[name].undoes,
        ]
        for name, words in PLAYBOOKS.items()
    ]
    options = rows_of("| option | of | what it says |")
    assert options == [
        [f"`{one.name}`", f"`{name}`", one.means]
        for name in PLAYBOOKS
        for one in books[name].options
    ]
