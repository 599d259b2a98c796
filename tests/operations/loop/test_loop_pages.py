"""What the explanation of the loop says is what the code does."""

import dataclasses
import re
from pathlib import Path

from keepwell.operations.loop.policy import Limits
from keepwell.operations.loop.states import open as opened

PAGE = (Path(__file__).parents[3] / "docs" / "explanation" / "the-loop.md").read_text()


def test_the_table_of_limits_equals_the_code() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|$", PAGE, flags=re.MULTILINE))
    assert table == {field.name: str(field.default) for field in dataclasses.fields(Limits)}


def test_the_condition_shown_is_the_one_in_force() -> None:
    names = [type(getattr(part, "part", part)).__name__ for part in opened.MAY_RETRAIN.parts]  # type: ignore[attr-defined]
    shown = re.search(r"```python\n(LoopEnabled.*)\n```", PAGE)
    assert shown is not None
    assert re.findall(r"([A-Z]\w+)\(", shown[1]) == names


def test_its_example_runs() -> None:
    blocks = re.findall(r"```python\n(from keepwell.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 1
    exec(blocks[0], {})  # our own page
