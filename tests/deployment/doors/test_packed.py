"""Bodies that a client has packed, at every door that takes rows."""

import gzip
import json
import zlib
from typing import Any

import pytest

Row = dict[str, Any]

FORMS = {
    "predict": lambda row: {"instances": [row]},
    "invocations": lambda row: {"dataframe_records": [row]},
}


def ask(served: Any, path: str, body: bytes, encoding: str, kind: str = "application/json") -> Any:
    headers = {"content-type": kind, "content-encoding": encoding}
    return served.client.post(f"/endpoints/churn/{path}", content=body, headers=headers)


@pytest.mark.parametrize("door", FORMS)
def test_a_packed_body_is_answered_like_the_plain_one(served: Any, a_row: Row, door: str) -> None:
    plain = json.dumps(FORMS[door](a_row)).encode()
    expected = served.client.post(
        f"/endpoints/churn/{door}", content=plain, headers={"content-type": "application/json"}
    ).json()
    for encoding, packed in (("gzip", gzip.compress(plain)), ("deflate", zlib.compress(plain))):
        for _ in range(3):  # a head that is known already means the same
            answer = ask(served, door, packed, encoding)
            assert answer.status_code == 200, answer.text
            assert answer.json()["predictions"] == expected["predictions"]
    one = served.predict([a_row]).json()  # and leaves nothing behind for plain ones
    assert one["predictions"] == expected["predictions"]


def test_packed_csv_is_read(served: Any, a_row: Row) -> None:
    text = ",".join(a_row) + "\n" + ",".join(map(str, a_row.values())).replace("True", "true")
    answer = ask(served, "predict", gzip.compress(text.encode()), "gzip", "text/csv")
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith("prediction,")


@pytest.mark.parametrize("door", FORMS)
def test_what_cannot_be_unpacked_is_refused(served: Any, door: str) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    assert len(bomb) < 100_000
    assert ask(served, door, bomb, "gzip").status_code == 413
    assert ask(served, door, b"{}", "gzip").status_code == 400
    assert ask(served, door, gzip.compress(b"{}")[:-4], "gzip").status_code == 400
    refused = ask(served, door, b"{}", "br")
    assert refused.status_code == 415
    assert "gzip" in refused.text
