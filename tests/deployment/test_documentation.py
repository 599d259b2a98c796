import re
from pathlib import Path

from keepwell.core.plugins import plugin_names

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "serving.md"


def test_the_table_of_compiled_forms_is_what_is_installed() -> None:
    documented = re.findall(
        r"^\| `((?:sklearn|keepwell|lightgbm)\.\w+)` \|", PAGE.read_text(), re.M
    )
    assert sorted(documented) == sorted({*plugin_names("steps"), *plugin_names("heads")})
