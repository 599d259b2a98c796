"""Messages handed over to real receivers on the loopback interface."""

import email
import re
from pathlib import Path

import pytest
from alert_receivers import mail_server, web_server

from keepwell.core.alerting import ChannelSpec
from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.records import Delivery
from keepwell.operations.alerts.channels.base import UndeliveredError
from keepwell.operations.alerts.channels.opening import Open, find_channel, open_channel
from keepwell.operations.alerts.channels.secrets import fill_in, hide
from keepwell.operations.alerts.channels.webhook import sign

MESSAGE = Delivery(
    id="a1/1/ops",
    alert="a1",
    channel="ops",
    kind="firing",
    title="[critical] churn: Performance fell",
    body="- accuracy fell from 0.81 to 0.64 été on 412 rows",
    severity="critical",
    created=1_800_000_000.0,
    due=1_800_000_000.0,
    endpoint="churn",
)


def opened(kind: str, to: str, **more: str) -> Open:
    return open_channel(ChannelSpec(name="ops", kind=kind, to=(to,) if to else (), **more))


def test_a_webhook_is_signed_and_says_its_key() -> None:
    with web_server() as received:
        url = f"http://127.0.0.1:{received.port}/hook?a=1"
        (channel,) = opened("webhook", url, secret="s3cret").channels
        assert channel.send(MESSAGE) == "HTTP 200"
        received.status = 503
        with pytest.raises(UndeliveredError, match="it answered 503"):
            channel.send(MESSAGE)
    assert received.documents[0]["title"] == MESSAGE.title
    headers, body = received.headers[0], received.bodies[0]
    assert headers["idempotency-key"] == "a1/1/ops"
    signature = headers["x-keepwell-signature"]
    moment = int(signature.partition(",")[0].removeprefix("t="))
    assert signature == sign("s3cret", body, moment)
    assert signature != sign("s3cret", body + b" ", moment)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://", "http://127.0.0.1:1/x"])
def test_a_webhook_goes_nowhere_else(url: str) -> None:
    (channel,) = opened("webhook", url).channels
    with pytest.raises(UndeliveredError):
        channel.send(MESSAGE)


def test_a_letter_arrives_with_an_id_of_its_own() -> None:
    with mail_server() as received:
        spec = ChannelSpec(
            name="mail",
            kind="email",
            to=("ana@example.com", "bo@example.com"),
            server=f"smtp://robot:p%40ss@127.0.0.1:{received.port}",
            sender="keepwell@example.com",
        )
        (channel,) = open_channel(spec).channels
        assert channel.send(MESSAGE) == "taken by 127.0.0.1 for 2"
        received.status = 451
        with pytest.raises(UndeliveredError):
            channel.send(MESSAGE)
    letter = email.message_from_bytes(received.bodies[0])
    assert letter["Subject"] == MESSAGE.title
    assert letter["To"] == "ana@example.com, bo@example.com"
    assert letter["Message-ID"] == "<a1.1.ops@keepwell>"
    payload = letter.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert "0.64 été on 412 rows" in payload.decode()
    assert received.headers, "it logged in, for the server is this machine"


def test_no_password_is_sent_to_a_server_that_does_not_encrypt() -> None:
    from keepwell.operations.alerts.channels.email import Email

    with mail_server("127.0.0.2") as received:  # this machine, but not by a name that is known
        server = f"smtp://robot:secret@127.0.0.2:{received.port}"
        channel = Email(to=("a@b.c",), server=server, sender="k@b.c")
        with pytest.raises(UndeliveredError, match="does not encrypt"):
            channel.send(MESSAGE)
    assert received.headers == []


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_hands_over_to_its_json_service() -> None:
    pytest.importorskip("apprise")
    with web_server() as received:
        (channel,) = opened("apprise", f"json://127.0.0.1:{received.port}/token").channels
        assert channel.send(MESSAGE) == "taken by 1 address(es)"
        received.status = 500
        with pytest.raises(UndeliveredError, match="500"):
            channel.send(MESSAGE)
    assert received.documents[0]["title"] == MESSAGE.title
    assert received.documents[0]["type"] == "failure"


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from keepwell.core.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "apprise", None)
    (channel,) = opened("apprise", "json://127.0.0.1/").channels
    with pytest.raises(MissingExtraError, match="'notify'"):
        channel.send(MESSAGE)


def test_secrets_come_from_outside_and_are_never_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example.com/T000/B111/verysecret")
    (tmp_path / "key").write_text("from-a-file\n")
    assert fill_in("$HOOK") == fill_in("${HOOK}")
    assert fill_in(f"x${{file:{tmp_path}/key}}y") == "xfrom-a-filey"
    with pytest.raises(UsageError, match="environment variable NOWHERE is not set"):
        fill_in("$NOWHERE")
    with pytest.raises(UsageError, match="cannot be read"):
        fill_in("${file:/nowhere/at/all}")
    channel = opened("webhook", "$HOOK", secret="s3cret")
    said = channel.hide("cannot reach https://hooks.example.com/T000/B111/verysecret with s3cret")
    assert "verysecret" not in said
    assert "s3cret" not in said
    assert "hooks.example.com" in said or "***" in said
    hidden = hide("smtp auth for robot with p@ss", ["smtp://robot:p%40ss@h:25"])
    assert not re.search("robot|p@ss", hidden)


def test_a_channel_that_is_none_is_refused_with_what_was_meant() -> None:
    known = (ChannelSpec(name="ops", kind="log"),)
    assert find_channel(known, "log").kind == "log"
    with pytest.raises(NotFoundError) as refusal:
        find_channel(known, "opps")
    assert refusal.value.now == "did you mean 'ops'?"
