"""`keepwell monitor register` and `keepwell monitor import`."""

from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest
from elsewhere_world import reference

from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.infrastructure.project_file import render_project


@pytest.fixture
def shop(tmp_path: Path, keepwell: Any) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    spec = ProjectSpec(name="shop", root=root, data=DataSpec(source="shop.csv", target="churn"))
    (root / "keepwell.yaml").write_text(render_project(spec))
    pyarrow.csv.write_csv(reference(200).rows, root / "scored.csv")
    done = keepwell(
        "monitor", "register", "credit", "--reference", root / "scored.csv", "--prediction", "said",
        "--target", "paid", "--score", "likely", "-C", root, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.document["inputs"] == ["age", "plan"]
    assert done.document["classes"] == ["no", "yes"]
    assert done.document["metrics"]["accuracy"] > 0.5
    return root


def test_a_file_is_taken_in_once(shop: Path, keepwell: Any) -> None:
    pyarrow.parquet.write_table(reference(120).rows, shop / "june.parquet")
    command = (
        "monitor", "import", shop / "june.parquet", "-e", "credit", "--prediction", "said",
        "--outcome", "paid", "--score", "likely", "-C", shop, "--json",
    )  # fmt: skip
    first = keepwell(*command).document
    assert (first["accepted"], first["outcomes"], first["rejected"]) == (120, 120, 0)
    again = keepwell(*command).document
    assert (again["accepted"], again["duplicate"]) == (0, 120)
    shown = keepwell("monitor", "-e", "credit", "-C", shop)
    assert shown.code == 0
    assert "nothing was watched yet at 'credit'" in shown.out


def test_rows_that_cannot_be_used_are_told(shop: Path, keepwell: Any) -> None:
    (shop / "odd.csv").write_text(
        "age,prediction,when\n3,no,2026-01-05T10:00:00\n4,maybe,2026-01-05\n"
    )
    done = keepwell(
        "monitor", "import", shop / "odd.csv", "-e", "credit", "--time", "when", "-C", shop
    )
    assert done.code == 0, done.err
    assert "row 2 is left out" in done.out
    assert "'maybe', no class of credit/1 ('no', 'yes')" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("none.csv", "-e", "credit"), "there is no file"),
        (("scored.csv", "-e", "credti"), "no endpoint called 'credti'"),
        (("scored.csv", "-e", "credit"), "no column holds the predictions"),
        (("keepwell.yaml", "-e", "credit"), "of no kind that is read"),
    ],
)
def test_a_mistake_says_what_to_do(
    shop: Path, keepwell: Any, words: tuple[str, ...], what: str
) -> None:
    done = keepwell("monitor", "import", shop / words[0], *words[1:], "-C", shop)
    assert done.code in (1, 2)
    assert what in " ".join(done.err.split())
