from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import Signature
from keepwell.features import Decoder
from keepwell.features.origins import origins
from keepwell.features.preparation import Flavour, preparation


def matrix(values: Any) -> np.ndarray[Any, Any]:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)


@pytest.mark.parametrize("flavour", ["tree", "linear", "text"])
def test_knows_the_origin_of_every_output(
    flavour: Flavour, signature: Signature, table: pa.Table
) -> None:
    frame = Decoder(signature).table(table)
    prepared = preparation(signature, flavour).fit(frame)
    names = origins(prepared)
    assert len(names) == matrix(prepared.transform(frame)).shape[1]
    assert set(names) == {field.name for field in signature.inputs}


def test_moves_an_output_only_with_its_origin(signature: Signature, table: pa.Table) -> None:
    frame = Decoder(signature).table(table)
    prepared = preparation(signature, "linear").fit(frame)
    before, names = matrix(prepared.transform(frame)), origins(prepared)
    for name in frame.columns:
        shifted = frame.copy()
        shifted[name] = np.roll(frame[name].to_numpy(), 1)
        moved = (matrix(prepared.transform(shifted)) != before).any(axis=0)
        assert {names[index] for index in np.flatnonzero(moved)} == {name}


def test_hands_gaps_to_trees_as_they_are(signature: Signature, table: pa.Table) -> None:
    frame = Decoder(signature).table(table)
    prepared = preparation(signature, "tree").fit(frame)
    assert np.isnan(matrix(prepared.transform(frame))[:, 1]).tolist() == [False, True, False, True]


def test_leaves_no_gap_for_linear_models(signature: Signature, table: pa.Table) -> None:
    frame = Decoder(signature).table(table)
    prepared = preparation(signature, "linear").fit(frame)
    assert np.isfinite(matrix(prepared.transform(frame))).all()


@pytest.mark.parametrize("flavour", ["tree", "linear", "text"])
def test_takes_a_label_that_training_never_saw(
    flavour: Flavour, signature: Signature, table: pa.Table
) -> None:
    decoder = Decoder(signature)
    prepared = preparation(signature, flavour).fit(decoder.table(table))
    unseen = table.set_column(3, "colour", pa.array(["mauve"] * 4))
    assert len(matrix(prepared.transform(decoder.table(unseen)))) == 4


def test_learns_from_training_rows_alone(signature: Signature, table: pa.Table) -> None:
    decoder = Decoder(signature)
    prepared = preparation(signature, "linear").fit(decoder.table(table.slice(0, 3)))
    scaler = prepared.named_transformers_["numbers"].named_steps["scale"]
    assert scaler.mean_[0] == pytest.approx(np.mean([31, 47, 25]))


def test_numbers_may_stay_on_the_scale_that_they_are_on(
    signature: Signature, table: pa.Table
) -> None:
    frame = Decoder(signature).table(table)
    scaled, plain = (
        preparation(signature, "linear", {"scale": scale}).fit(frame)
        for scale in ("standard", "none")
    )
    number = next(field.name for field in signature.inputs if field.type == "number")
    place = origins(plain).index(number)
    known = frame[number].to_numpy(dtype=float)
    left = matrix(plain.transform(frame))[:, place]
    assert np.array_equal(left[np.isfinite(known)], known[np.isfinite(known)])
    assert not np.array_equal(matrix(scaled.transform(frame))[:, place], left)
