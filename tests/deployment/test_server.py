import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import numpy as np
import pytest

from keepwell.core.errors import BusyError, UsageError
from keepwell.core.identifiers import is_id, time_of
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server import BUCKETS_MS, Supervisor
from keepwell.deployment.server.routes import read_routes

Row = dict[str, Any]


def test_an_answer_is_what_the_scorer_says(
    served: Any, a_row: Row, model_of: Callable[..., Any]
) -> None:
    answer = served.predict([a_row, a_row | {"age": None, "colour": "unseen"}])
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"predictions", "probabilities", "prediction_ids", "model", "warnings"}
    assert "'unseen'" in body["warnings"][0]
    made = model_of(seed=1)
    scores = load_scorer(made.files.__getitem__, made.signature).rows(
        [a_row, a_row | {"age": None, "colour": "unseen"}]
    )
    assert body["predictions"] == scores.predictions
    assert scores.probabilities is not None
    assert [list(p.values()) for p in body["probabilities"]] == scores.probabilities.tolist()
    assert list(body["probabilities"][0]) == ["No", "Yes"]
    assert body["model"] == {"name": "churn", "version": 1}
    assert answer.headers["x-model-version"] == "1"
    assert float(answer.headers["x-latency-ms"]) > 0
    assert all(
        is_id(one) and abs(time_of(one) - time.time()) < 60 for one in body["prediction_ids"]
    )


def test_every_row_is_logged_before_its_answer(served: Any, a_row: Row) -> None:
    rows = [a_row | {"customer": 7, "colour": "blue"}, a_row]
    answer = served.predict(rows, **{"x-request-id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    logged = {row.id: row for row in served.house.logged()}
    first, second = (logged[one] for one in answer.json()["prediction_ids"])
    assert (first.endpoint, first.model, first.version, first.role) == (
        "churn",
        "churn",
        1,
        "champion",
    )
    assert (first.request, first.key, second.key, first.caller) == ("mine-1", "7", "", "")
    assert json.loads(first.inputs) == a_row | {"colour": "blue"}
    assert json.loads(first.prediction) == answer.json()["predictions"][0]
    assert list(first.probabilities) == list(answer.json()["probabilities"][0].values())
    assert first.latency_ms == second.latency_ms > 0


def test_regressions_and_other_classes(
    house: Any, model_of: Callable[..., Any], a_row: Row
) -> None:
    from keepwell.core.records import Task

    house.register("price", 1, model_of(Task.REGRESSION))
    house.register("grade", 1, model_of(Task.MULTICLASS, flavour="linear"))
    house.route("price", {1: 100.0})
    supervisor = house.serve(generation=house.route("grade", {1: 100.0}))
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}") as client:
        price = client.post("/endpoints/price/predict", json={"instances": [a_row]}).json()
        grade = client.post("/endpoints/grade/predict", json={"instances": [a_row]}).json()
    assert "probabilities" not in price
    assert isinstance(price["predictions"][0], float)
    assert grade["predictions"][0] in (1, 2, 3)
    assert list(grade["probabilities"][0]) == ["1", "2", "3"]
    assert sum(grade["probabilities"][0].values()) == pytest.approx(1.0)


def test_no_rows_get_no_predictions(served: Any) -> None:
    body = served.predict([]).json()
    assert body["predictions"] == body["prediction_ids"] == []


def test_extra_columns_are_ignored_with_a_warning(served: Any, a_row: Row) -> None:
    answer = served.predict([a_row | {"shoe size": 43, "customer": "me"}])
    assert answer.status_code == 200
    assert len(answer.json()["warnings"]) == 1
    assert "'shoe size'" in answer.json()["warnings"][0]


def test_many_rows_are_answered_in_order(served: Any, a_row: Row) -> None:
    rows = [a_row | {"visits": number} for number in range(1000)]
    body = served.predict(rows).json()
    some = [served.predict([rows[at]]).json()["predictions"][0] for at in (0, 500, 999)]
    assert [body["predictions"][at] for at in (0, 500, 999)] == some
    assert len(set(body["prediction_ids"])) == 1000


BAD: dict[str, tuple[bytes, int, str]] = {
    "not json": (b'{"instances": [{"age": 1,}]}', 400, "line 1, column 26"),
    "second line": (b'{"instances":\n  oops}', 400, "line 2"),
    "nothing": (b"", 400, "not JSON"),
    "not utf-8": (b'{"instances": [{"note": "\xff"}]}', 400, "JSON"),
    "too deep": (b'{"instances": [{"age": ' + b"[" * 100_000, 400, "JSON"),
    "a list": (b"[1]", 422, "instances"),
    "misspelt": (b'{"instance": []}', 422, "instances"),
    "rows that are none": (b'{"instances": [1, 2]}', 422, "$.instances[0]"),
    "one row, bare": (b'{"instances": {"age": 1}}', 422, "$.instances"),
    "text for a number": (b'{"instances": [{"visits": 1}, {"visits": "12"}]}', 422, "'visits'"),
    "a list for a number": (b'{"instances": [{"visits": [1]}]}', 422, "'visits'"),
    "a gap": (b'{"instances": [{"age": 3}]}', 422, "'visits'"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_body_is_refused_in_words(served: Any, a_row: Row, name: str) -> None:
    content, status, words = BAD[name]
    pid = served.supervisor.workers()[0].pid
    answer = served.client.post("/endpoints/churn/predict", content=content)
    assert answer.status_code == status
    body = answer.json()
    assert set(body) == {"error", "headline", "what", "why", "now", "details"}
    assert words in body["what"]
    assert served.predict([a_row]).status_code == 200
    assert served.supervisor.workers()[0].pid == pid


def test_a_wrong_type_names_row_and_column(served: Any, a_row: Row) -> None:
    details = served.predict([a_row, a_row | {"member": "perhaps"}]).json()["details"]
    assert details == {"column": "member", "instance": 1}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_50_megabytes_is_refused_and_not_kept(
    served: Any, a_row: Row, chunked: bool
) -> None:
    before = served.supervisor.workers()[0]
    piece = b" " * (1 << 20)
    content: Any = (piece for _ in range(50)) if chunked else piece * 50
    answer = served.client.post("/endpoints/churn/predict", content=content)
    assert answer.status_code == 413
    assert answer.json()["details"] == {"limit": 10 << 20}
    time.sleep(0.7)
    after = served.supervisor.workers()[0]
    assert after.pid == before.pid
    assert after.rss - before.rss < 20 << 20
    assert served.predict([a_row]).status_code == 200


def test_who_expects_a_word_first_is_refused_before_sending(served: Any) -> None:
    with socket.create_connection(("127.0.0.1", served.supervisor.port), timeout=10) as line:
        line.sendall(
            b"POST /endpoints/churn/predict HTTP/1.1\r\nhost: localhost\r\n"
            b"content-length: 50000000\r\nexpect: 100-continue\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_an_unknown_endpoint_is_suggested(served: Any, a_row: Row) -> None:
    answer = served.predict([a_row], name="chrun")
    assert answer.status_code == 404
    assert "did you mean 'churn'" in answer.json()["now"]


def test_an_endpoint_without_champion_says_so(served: Any, a_row: Row) -> None:
    answer = served.predict([a_row], name="empty")
    assert answer.status_code == 503
    assert "no champion" in answer.json()["what"]
    assert answer.headers["retry-after"] == "1"


def test_only_post_asks_for_predictions(served: Any) -> None:
    answer = served.client.get("/endpoints/churn/predict")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "header",
    [{"sec-fetch-site": "cross-site"}, {"host": "evil.example"}, {"host": "evil.example:80"}],
)
def test_pages_of_other_sites_are_not_answered(
    served: Any, a_row: Row, header: dict[str, str]
) -> None:
    assert served.predict([a_row], **header).status_code == 403
    assert served.predict([a_row], host="localhost:1234").status_code == 200


def test_the_heartbeat_counts(served: Any, a_row: Row, until: Callable[..., None]) -> None:
    def traffic() -> Any:
        return served.supervisor.workers()[0].traffic["churn"]

    served.predict([a_row])
    served.predict([{"visits": "x"}])
    time.sleep(0.7)
    before = traffic()
    served.predict([a_row] * 3)
    served.predict([{"visits": "x"}])
    until(lambda: traffic()["1"].rows == before["1"].rows + 3)
    after = traffic()["1"]
    assert after.statuses["200"] == before["1"].statuses["200"] + 1
    assert after.statuses["422"] == before["1"].statuses["422"] + 1
    assert len(after.latency) == len(BUCKETS_MS) + 1
    assert sum(after.latency) == after.statuses["200"]
    assert after.latency_sum_ms > before["1"].latency_sum_ms
    assert "'visits'" in served.supervisor.workers()[0].errors[-1].what


def test_a_swap_drops_no_request(house: Any, model_of: Callable[..., Any], a_row: Row) -> None:
    for version in (1, 2):
        house.register("churn", version, model_of(seed=version))
    supervisor = house.serve(workers=2, generation=house.route("churn", {1: 100.0}))
    expected = {
        version: load_scorer(
            model_of(seed=version).files.__getitem__, model_of(seed=version).signature
        )
        .rows([a_row])
        .probabilities
        for version in (1, 2)
    }
    generation = 0
    seen = []
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}") as client:
        for turn in range(300):
            if turn == 100:
                generation = house.route("churn", {2: 100.0})
            answer = client.post("/endpoints/churn/predict", json={"instances": [a_row]})
            assert answer.status_code == 200
            version = answer.json()["model"]["version"]
            seen.append(version)
            probabilities = list(answer.json()["probabilities"][0].values())
            assert [probabilities] == np.asarray(expected[version]).tolist()
            time.sleep(0.001)
        assert supervisor.wait_for(generation)
        last = client.post("/endpoints/churn/predict", json={"instances": [a_row]})
    assert seen[0] == 1
    assert last.json()["model"]["version"] == 2
    assert {row.id for row in house.logged()} >= set(last.json()["prediction_ids"])


def test_a_canary_is_sticky_by_key_and_says_who_answered(served: Any, a_row: Row) -> None:
    house = served.house
    rows = [a_row | {"customer": f"c{number}"} for number in range(200)]

    def challenged(weight: float) -> set[str]:
        generation = house.route("churn", {1: 100.0 - weight, 2: weight}, key="customer")
        assert served.supervisor.wait_for(generation)
        body = served.predict(rows).json()
        assert len(body["models"]) == len(rows)
        assert body["model"] == body["models"][0]
        singly = [served.predict([row]).json()["model"] for row in rows[:20]]
        assert singly == body["models"][:20]
        return {
            row["customer"]
            for row, model in zip(rows, body["models"], strict=True)
            if model["version"] == 2
        }

    try:
        some, more = challenged(10.0), challenged(30.0)
        assert some < more
        assert 5 < len(some) < 40 < len(more) < 85
    finally:
        served.supervisor.wait_for(house.route("churn", {1: 100.0}, key="customer"))
    assert "models" not in served.predict(rows).json()


def test_without_keys_a_canary_goes_by_request(served: Any, a_row: Row) -> None:
    generation = served.house.route("churn", {1: 50.0, 2: 50.0}, key="customer")
    assert served.supervisor.wait_for(generation)
    versions = {}
    for number in range(40):
        request = {"x-request-id": f"r{number}"}
        body = served.predict([a_row, a_row], **request).json()
        assert "models" not in body
        assert served.predict([a_row], **request).json()["model"] == body["model"]
        versions[number] = body["model"]["version"]
    served.supervisor.wait_for(served.house.route("churn", {1: 100.0}, key="customer"))
    assert 8 < list(versions.values()).count(2) < 32


def test_a_version_that_was_tampered_with_takes_no_traffic(
    house: Any, model_of: Callable[..., Any], a_row: Row, until: Callable[..., None]
) -> None:
    house.register("churn", 1, model_of(seed=1))
    supervisor = house.serve(generation=house.route("churn", {1: 100.0}))
    changed = house.register("churn", 2, model_of(seed=2))
    digest = changed.bundle.file("booster.txt").digest
    path = next((house.home / "blobs").rglob(digest))
    path.write_bytes(path.read_bytes().replace(b"leaf_value=", b"leaf_value= ", 1))
    generation = house.route("churn", {1: 50.0, 2: 50.0})
    until(lambda: supervisor.workers()[0].problems)
    worker = supervisor.workers()[0]
    assert worker.generation < generation
    assert "version 2 of 'churn'" in worker.problems[0]
    assert "not what was written" in worker.problems[0]
    assert not supervisor.wait_for(generation, timeout=0.2)
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}") as client:
        for _ in range(20):
            answer = client.post("/endpoints/churn/predict", json={"instances": [a_row]})
            assert answer.json()["model"]["version"] == 1
    assert supervisor.wait_for(house.route("churn", {1: 100.0}))


def tampered(made: Any, change: Callable[[Any], None]) -> Any:
    scorer = json.loads(made.files["scorer.json"])
    change(scorer)
    return replace(made, files=made.files | {"scorer.json": json.dumps(scorer).encode()})


def test_a_model_that_raises_costs_an_answer_and_no_worker(
    house: Any, model_of: Callable[..., Any], a_row: Row
) -> None:
    def hide_a_trap(scorer: Any) -> None:
        labels = next(
            block["step"]["columns"][0]
            for block in scorer["steps"][0]["blocks"]
            if block["step"]["op"] == "sklearn.OrdinalEncoder"
        )
        labels["codes"][labels["labels"].index("blue")] = "not a number"

    house.register("churn", 1, tampered(model_of(), hide_a_trap))
    supervisor = house.serve(generation=house.route("churn", {1: 100.0}))
    pid = supervisor.workers()[0].pid
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}") as client:

        def ask(colour: str) -> httpx2.Response:
            rows = {"instances": [a_row | {"colour": colour}]}
            return client.post("/endpoints/churn/predict", json=rows)

        assert ask("red").status_code == 200
        failed = ask("blue")
        assert failed.status_code == 500
        assert "version 1 of 'churn' could not answer" in failed.json()["what"]
        assert failed.headers["x-model-version"] == "1"
        assert ask("red").status_code == 200
    assert supervisor.workers()[0].pid == pid
    assert len(house.logged()) == 2


def test_a_version_that_cannot_answer_its_example_never_goes_live(
    house: Any, model_of: Callable[..., Any], a_row: Row, until: Callable[..., None]
) -> None:
    def shorten(scorer: Any) -> None:
        scorer["head"]["weights"] = [row[:-1] for row in scorer["head"]["weights"]]

    house.register("churn", 1, model_of(flavour="linear"))
    house.register("churn", 2, tampered(model_of(flavour="linear"), shorten))
    supervisor = house.serve(generation=house.route("churn", {1: 100.0}))
    house.route("churn", {2: 100.0})
    until(lambda: supervisor.workers()[0].problems)
    assert "version 2" in supervisor.workers()[0].problems[0]
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}") as client:
        answer = client.post("/endpoints/churn/predict", json={"instances": [a_row]})
    assert answer.json()["model"]["version"] == 1


def test_publishing_nothing_new_keeps_the_generation(
    house: Any, model_of: Callable[..., Any]
) -> None:
    house.register("churn", 1, model_of())
    first = house.route("churn", {1: 100.0})
    assert house.publish() == first == read_routes(house.home).generation


def test_a_taken_port_says_by_whom_and_offers_the_next(house: Any, free_port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        supervisor = Supervisor(house.home, "127.0.0.1", free_port, 1, house.home / "control.sock")
        with pytest.raises(BusyError, match=f"port {free_port} is taken by process") as caught:
            supervisor.start()
    assert str(os.getpid()) in caught.value.what
    assert caught.value.details["free"] > free_port
    assert str(caught.value.details["free"]) in caught.value.now


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_an_address_that_others_can_reach_is_refused(house: Any, host: str) -> None:
    supervisor = Supervisor(house.home, host, 0, 1, house.home / "control.sock")
    with pytest.raises(UsageError, match="other machines"):
        supervisor.start()
