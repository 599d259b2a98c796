"""Messages are sent until they are taken: past dead channels, and past the death of who sends them."""

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from alert_receivers import web_server

from keepwell.core.alerting import ChannelSpec
from keepwell.core.clock import ManualClock
from keepwell.core.records import Delivery
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.operations.alerts.courier import Courier
from keepwell.operations.alerts.store import AlertStore


def message(channel: str, number: int = 1, created: float = 1000.0) -> Delivery:
    return Delivery(
        id=f"a{number}/1/{channel}",
        alert=f"a{number}",
        channel=channel,
        kind="firing",
        title="churn is slow",
        body="very",
        severity="warning",
        created=created,
        due=created,
    )


def desk(tmp_path: Path, *channels: ChannelSpec) -> tuple[SqlMetadataStore, AlertStore, Courier]:
    clock = ManualClock(1000.0)
    metadata = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    store = AlertStore(metadata, clock)
    courier = Courier(store, lambda: channels, clock)
    courier.moved = clock  # type: ignore[attr-defined]  # the tests move it by hand
    return metadata, store, courier


def move(courier: Courier, seconds: float) -> None:
    courier.moved.advance(seconds)  # type: ignore[attr-defined]


def hook(port: int, name: str = "ops", **more: str) -> ChannelSpec:
    return ChannelSpec(
        name=name, kind="webhook", to=(f"http://127.0.0.1:{port}/T0/tellnobody",), **more
    )


def test_it_is_tried_again_later_and_later_until_it_is_taken(tmp_path: Path) -> None:
    with web_server() as received:
        metadata, store, courier = desk(tmp_path, hook(received.port))
        received.status = 500
        store.post(message("ops"))
        for _ in range(3):
            courier.look()
            courier.finish()
            courier.look()
            courier.finish()
            move(courier, 20.0)
        tried = store.delivery("a1/1/ops")
        assert [one.time for one in tried.attempts] == [1000.0, 1020.0, 1040.0]
        assert "it answered 500" in tried.attempts[0].error
        received.status = 200
        courier.look()
        courier.finish()
    done = store.delivery("a1/1/ops")
    assert (done.status, done.attempts[-1].answer) == ("sent", "HTTP 200")
    assert {one["idempotency-key"] for one in received.headers} == {"a1/1/ops"}
    verbs = [event.verb for event in metadata.events(kind="delivery")]
    assert verbs == ["posted", "attempted", "attempted", "attempted", "sent"]
    assert {event.actor for event in metadata.events(kind="delivery")[1:]} == {"alerts"}
    metadata.close()


def test_a_dead_channel_keeps_nobody_waiting(tmp_path: Path) -> None:
    with web_server() as dead, web_server() as alive:
        dead.held = threading.Event()
        metadata, store, courier = desk(tmp_path, hook(dead.port, "dead"), hook(alive.port, "ops"))
        store.post(message("dead"))
        store.post(message("ops"))
        start = time.monotonic()
        courier.look()
        assert time.monotonic() - start < 1.0, "the loop goes on at once"
        end = time.monotonic() + 5
        while not alive.bodies and time.monotonic() < end:
            time.sleep(0.01)
        assert alive.bodies
        courier.look()
        dead.held.set()
        courier.finish()
    assert len(dead.bodies) == 1, "it is not started twice"
    metadata.close()


def test_no_secret_reaches_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as received:
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{received.port}/services/verysecretpath")
        spec = ChannelSpec(name="ops", kind="webhook", to=("$HOOK",), secret="alsosecret")
        metadata, _, courier = desk(tmp_path, spec)
        received.status = 404
        courier.hand_over(message("ops"))
    courier.hand_over(message("ops", 2))
    gone = courier.hand_over(message("nowhere", 3))
    assert "there is no channel 'nowhere'" in gone.attempts[0].error
    monkeypatch.delenv("HOOK")
    unset = courier.hand_over(message("ops", 4))
    assert "environment variable HOOK is not set" in unset.attempts[0].error
    metadata.close()
    kept = (tmp_path / "record.db").read_bytes()
    assert b"verysecretpath" not in kept
    assert b"alsosecret" not in kept


def test_what_nobody_takes_for_a_day_is_given_up(tmp_path: Path) -> None:
    metadata, store, courier = desk(tmp_path, hook(1))
    store.post(message("ops"))
    for _ in range(200):
        courier.look()
        courier.finish()
        move(courier, 900.0)
    assert store.delivery("a1/1/ops").status == "given_up"
    assert len(store.delivery("a1/1/ops").attempts) == 20
    metadata.close()


@pytest.mark.integration
def test_who_is_killed_while_sending_sends_again_with_the_same_key(tmp_path: Path) -> None:
    with web_server() as received:
        received.held = threading.Event()
        metadata, store, courier = desk(tmp_path, hook(received.port))
        store.post(message("ops"))
        code = textwrap.dedent(f"""
            from keepwell.core.alerting import ChannelSpec
            from keepwell.core.clock import SystemClock
            from keepwell.infrastructure.metadata import open_metadata
            from keepwell.operations.alerts.courier import Courier
            from keepwell.operations.alerts.store import AlertStore
            store = AlertStore(open_metadata("sqlite:///{tmp_path}/record.db"), SystemClock())
            spec = ChannelSpec(name="ops", kind="webhook", to=("http://127.0.0.1:{received.port}/x",))
            courier = Courier(store, lambda: (spec,), SystemClock())
            courier.look()
            print("sending", flush=True)
            courier.finish(60)
        """)
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"sending\n"
        time.sleep(0.3)
        child.kill()
        child.wait()
        child.stdout.close()
        received.held.set()
        assert store.delivery("a1/1/ops").status == "waiting"
        courier.look()
        courier.finish()
        assert store.delivery("a1/1/ops").status == "sent"
    assert {one["idempotency-key"] for one in received.headers} == {"a1/1/ops"}
    metadata.close()
