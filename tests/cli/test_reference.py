from pathlib import Path

from keepwell.cli.reference import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"


def test_the_reference_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == render(), "python -m keepwell.cli.reference > docs/reference/cli.md"
