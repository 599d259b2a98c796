import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq
import pytest

from keepwell.core.errors import InvalidDataError, NotFoundError, StorageError, UsageError
from keepwell.core.identifiers import is_id
from keepwell.core.records import Task
from keepwell.deployment.batch import Options, predict_file, predicting
from keepwell.deployment.scoring import Scorer, load_scorer
from keepwell.infrastructure.codec import to_json

Models = Callable[..., Any]


def scorer_of(made: Any) -> Scorer:
    return load_scorer(made.files.__getitem__, made.signature)


def write(table: pa.Table, path: Path) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".csv":
        pa_csv.write_csv(table, path)
    else:
        rows = [json.dumps(row, default=str) for row in table.to_pylist()]
        path.write_text("\n".join(rows))
    return path


def read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pa_csv.read_csv(path) if ".csv" in path.suffixes else pa_json.read_json(path)


@pytest.mark.parametrize("target", ["out.parquet", "out.csv", "out.jsonl", "deep/out.csv.gz"])
@pytest.mark.parametrize("source", ["in.parquet", "in.csv", "in.jsonl"])
def test_every_format_into_every_other(
    tmp_path: Path, model_of: Models, source: str, target: str
) -> None:
    made = model_of()
    table = made.table.slice(0, 50).append_column(
        "customer", pa.array([f"c{n}" for n in range(50)])
    )
    count = predict_file(
        scorer_of(made),
        write(table, tmp_path / source),
        tmp_path / target,
        options=Options(version=7),
    )
    assert count.rows == 50
    result = read(tmp_path / target)
    answers = ["prediction", "probability_No", "probability_Yes", "prediction_id", "model_version"]
    assert result.column_names == [*table.column_names, *answers]
    expected = scorer_of(made).batch(table)
    assert result["prediction"].to_pylist() == expected.predictions
    assert expected.probabilities is not None
    np.testing.assert_array_equal(
        result["probability_Yes"].to_numpy(), expected.probabilities[:, 1]
    )
    assert set(result["model_version"].to_pylist()) == {7}
    assert all(map(is_id, result["prediction_id"].to_pylist()))
    assert result["customer"].to_pylist() == table["customer"].to_pylist()


def test_numbers_have_no_probabilities(tmp_path: Path, model_of: Models) -> None:
    made = model_of(Task.REGRESSION)
    source = write(made.table, tmp_path / "in.parquet")
    predict_file(scorer_of(made), source, tmp_path / "out.parquet")
    result = pq.read_table(tmp_path / "out.parquet")
    assert result["prediction"].to_pylist() == scorer_of(made).batch(made.table).predictions
    assert not [name for name in result.column_names if name.startswith("probab")]


def test_pieces_join_in_order(
    tmp_path: Path, model_of: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = model_of()
    monkeypatch.setattr(predicting, "ROWS_AT_ONCE", 64)
    for part in range(2):
        write(made.table.slice(part * 200, 200), tmp_path / f"in-{part}.csv")
    count = predict_file(
        scorer_of(made), "in-*.csv", tmp_path / "out.parquet", options=Options(root=tmp_path)
    )
    assert count.rows == 400
    result = pq.read_table(tmp_path / "out.parquet")
    assert result["prediction"].to_pylist() == scorer_of(made).batch(made.table).predictions


def test_what_the_source_held_stays_as_it_was(tmp_path: Path, model_of: Models) -> None:
    text = (
        "age,visits,member,colour,since,note,zip\n"
        '41.50,"1,200",TRUE,007,13.02.2020,good,00501\n'
        ",3,false,,14.02.2020,bad,00502\n"
    )
    (tmp_path / "in.csv").write_text(text)
    predict_file(scorer_of(model_of()), tmp_path / "in.csv", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        _, first, second = csv.reader(file)
    assert first[:7] == ["41.50", "1,200", "TRUE", "007", "13.02.2020", "good", "00501"]
    assert second[:7] == ["", "3", "false", "", "14.02.2020", "bad", "00502"]


def test_a_value_of_a_wrong_type_is_named(tmp_path: Path, model_of: Models) -> None:
    made = model_of()
    source = write(made.table, tmp_path / "in.csv")
    lines = source.read_text().splitlines()
    lines[301] = lines[301].replace(",", ",lots", 1)
    source.write_text("\n".join(lines))
    with pytest.raises(InvalidDataError, match="'visits'") as caught:
        predict_file(scorer_of(made), source, tmp_path / "out.csv")
    assert "lots" in caught.value.why
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_gap_where_training_saw_none_names_the_row(tmp_path: Path, model_of: Models) -> None:
    made = model_of()
    rows = made.table.to_pylist()
    rows[233]["visits"] = None
    source = write(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    with pytest.raises(InvalidDataError, match=r"row 234 of .*'visits'"):
        predict_file(scorer_of(made), source, tmp_path / "out.parquet")


def test_a_column_that_is_needed_and_absent(tmp_path: Path, model_of: Models) -> None:
    made = model_of()
    table = made.table.rename_columns(["age", "visit", "member", "colour", "since", "note"])
    source = write(table, tmp_path / "in.csv")
    with pytest.raises(InvalidDataError, match="no column 'visits'") as caught:
        predict_file(scorer_of(made), source, tmp_path / "out.csv")
    assert "did you mean 'visit'" in caught.value.now


def test_a_column_that_may_be_absent_is_told(tmp_path: Path, model_of: Models) -> None:
    made = model_of()
    (gap, *_) = [item.name for item in made.signature.inputs if not item.required]
    source = write(made.table.drop_columns([gap]), tmp_path / "in.csv")
    assert predict_file(scorer_of(made), source, tmp_path / "out.csv").absent == (gap,)


def test_a_column_that_is_in_the_way(tmp_path: Path, model_of: Models) -> None:
    made = model_of()
    table = made.table.append_column("prediction", pa.array(["x"] * 400))
    with pytest.raises(InvalidDataError, match="'prediction' already"):
        predict_file(scorer_of(made), write(table, tmp_path / "in.csv"), tmp_path / "out.csv")


def test_other_refusals(tmp_path: Path, model_of: Models) -> None:
    made = model_of()
    source = write(made.table, tmp_path / "in.csv")
    with pytest.raises(UsageError, match="does not say"):
        predict_file(scorer_of(made), source, tmp_path / "out.xlsx")
    with pytest.raises(NotFoundError):
        predict_file(scorer_of(made), tmp_path / "none.csv", tmp_path / "out.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        predict_file(scorer_of(made), source, tmp_path / "file" / "out.csv")
    (tmp_path / "empty.csv").write_text("age,visits,member,since,note\n")
    with pytest.raises(InvalidDataError, match="no rows"):
        predict_file(scorer_of(made), tmp_path / "empty.csv", tmp_path / "out.csv")


def test_memory_does_not_grow_with_the_file(tmp_path: Path, model_of: Models) -> None:
    made = model_of()
    for name, data in made.files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "signature").write_bytes(to_json(made.signature))
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from keepwell.core.records import Signature\n"
        "from keepwell.deployment.batch import predict_file, predicting\n"
        "from keepwell.deployment.scoring import load_scorer\n"
        "from keepwell.infrastructure.codec import from_json\n"
        "predicting.ROWS_AT_ONCE = 4096\n"
        "at = Path(sys.argv[1]); read = lambda name: (at / name).read_bytes()\n"
        "scorer = load_scorer(read, from_json(Signature, read('signature')))\n"
        "print(predict_file(scorer, at / sys.argv[2], at / sys.argv[3]).rows)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)\n"
    )

    def peak(copies: int) -> int:
        table = pa.concat_tables([made.table] * copies)
        pq.write_table(table, tmp_path / "in.parquet", row_group_size=4096)
        command = [
            sys.executable,
            "-c",
            program,
            str(tmp_path),
            "in.parquet",
            f"out{copies}.parquet",
        ]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows, megabytes = map(int, output.split())
        assert rows == 400 * copies
        return megabytes

    assert peak(100) < peak(20) + 25
