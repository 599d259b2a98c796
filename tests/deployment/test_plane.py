"""HTTP/1.1 on raw sockets: what a client may do, and what it must not be able to do."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from plane_world import Running

from keepwell.deployment.server.plane import Patience

HOST = b"host: localhost\r\n"


def post(body: bytes, path: bytes = b"/endpoints/one/echo", extra: bytes = b"") -> bytes:
    head = b"POST %b HTTP/1.1\r\n%b%bcontent-length: %d\r\n\r\n" % (path, HOST, extra, len(body))
    return head + body


def chunked(*chunks: bytes, extra: bytes = b"") -> bytes:
    head = b"POST /endpoints/one/echo HTTP/1.1\r\n" + HOST + extra
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head + b"transfer-encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    plane = Running(tmp_path_factory.mktemp("plane"))
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    patience = Patience(head=0.3, body=0.3, stall=0.6, idle=0.5, linger=0.3)
    plane = Running(tmp_path_factory.mktemp("hasty"), patience)
    yield plane
    plane.stop()


def test_a_connection_is_kept(running: Running) -> None:
    with running.line() as line:
        for number in range(3):
            line.send(post(b"%d" % number))
            assert line.answers(number + 1)[-1].body == b"%d" % number
        assert "connection" not in line.answers(3)[0].headers


def test_pipelined_requests_are_answered_in_order(running: Running) -> None:
    paths = [b"/endpoints/slow/echo", b"/endpoints/one/echo", b"/endpoints/slow/echo", b"/page"]
    with running.line() as line:
        line.send(b"".join(post(b"%d" % at, path) for at, path in enumerate(paths)))
        answers = line.answers(4)
    assert [answer.body for answer in answers[:3]] == [b"0", b"1", b"2"]
    assert [answer.status for answer in answers] == [200, 200, 200, 503]


def test_more_pipelined_requests_than_are_read_at_once(running: Running) -> None:
    with running.line() as line:
        line.send(b"".join(post(b"%d" % at) for at in range(500)))
        assert [answer.body for answer in line.answers(500)] == [b"%d" % at for at in range(500)]


def test_chunked_bodies_with_extensions_and_trailers(running: Running) -> None:
    with running.line() as line:
        line.send(chunked(b"abc", b"d" * 70_000))
        assert line.answers(1)[0].body == b"abc" + b"d" * 70_000
        line.send(b"POST /endpoints/one/echo HTTP/1.1\r\n" + HOST)
        line.send(b"transfer-encoding: chunked\r\n\r\n3;a=b\r\nxyz\r\n0\r\nhost: evil\r\n\r\n")
        assert line.answers(2)[1].body == b"xyz"
        line.send(post(b"after"))
        assert line.answers(3)[2].body == b"after"


def test_bytes_may_come_one_by_one(running: Running) -> None:
    with running.line() as line:
        for byte in post(b"slowly"):
            line.send(bytes([byte]))
        assert line.answers(1)[0].body == b"slowly"


def test_who_waits_for_a_word_gets_it(running: Running) -> None:
    with running.line() as line:
        head, _, body = post(b"hello", extra=b"expect: 100-continue\r\n").partition(b"\r\n\r\n")
        line.send(head + b"\r\n\r\n")
        assert line.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.send(body)
        assert line.answers(1)[0].body == b"hello"


def test_who_does_not_wait_gets_no_word(running: Running) -> None:
    with running.line() as line:
        line.send(post(b"hello", extra=b"expect: 100-continue\r\n"))
        assert line.answers(1)[0].body == b"hello"
        assert line.raw.startswith(b"HTTP/1.1 200")


def test_other_expectations_are_refused(running: Running) -> None:
    with running.line() as line:
        line.send(post(b"", extra=b"expect: the-unexpected\r\n"))
        assert [answer.status for answer in line.all()] == [417]


def test_head_gets_no_body(running: Running) -> None:
    with running.line() as line:
        line.send(b"HEAD /endpoints/one/echo HTTP/1.1\r\n" + HOST + b"\r\n")
        data = line.socket.recv(4096)
        assert data.startswith(b"HTTP/1.1 405")
        assert data.endswith(b"\r\n\r\n")
        line.send(post(b"next"))
        assert line.answers(1)[0].body == b"next"


@pytest.mark.parametrize(("wish", "kept"), [(b"", False), (b"connection: keep-alive\r\n", True)])
def test_http_1_0(running: Running, wish: bytes, kept: bool) -> None:
    request = b"POST /endpoints/one/echo HTTP/1.0\r\n" + wish + b"content-length: 2\r\n\r\nok"
    with running.line() as line:
        line.send(request)
        if kept:
            line.send(request)
            answers = line.answers(2)
            assert answers[1].headers["connection"] == "keep-alive"
        else:
            answers = line.all()
        assert answers[0].body == b"ok"


def test_close_closes_and_what_follows_is_not_answered(running: Running) -> None:
    with running.line() as line:
        line.send(post(b"last", extra=b"connection: close\r\n") + post(b"more"))
        answers = line.all()
    assert [answer.body for answer in answers] == [b"last"]
    assert answers[0].headers["connection"] == "close"


def test_who_sends_no_more_is_still_answered(running: Running) -> None:
    with running.line() as line:
        line.send(post(b"1", b"/endpoints/slow/echo") + post(b"2"))
        line.socket.shutdown(socket.SHUT_WR)
        assert [answer.body for answer in line.all()] == [b"1", b"2"]


def test_a_wish_for_another_protocol_is_passed_over(running: Running) -> None:
    wish = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMA\r\n"
    with running.line() as line:
        line.send(post(b"as before", extra=wish) + post(b"next"))
        assert [answer.body for answer in line.answers(2)] == [b"as before", b"next"]


def test_a_target_may_name_the_host(running: Running) -> None:
    with running.line() as line:
        line.send(post(b"proxied", b"http://localhost:4400/endpoints/one/echo?x=1"))
        line.send(post(b"quoted", b"/endpoints/%6fne/echo"))
        answers = line.answers(2)
    assert [(one.body, one.headers["x-name"]) for one in answers] == [
        (b"proxied", "one"),
        (b"quoted", "one"),
    ]


MALFORMED = {
    "no http": b"\x16\x03\x01\x02\x00",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
    "a chunk that is none": b"POST /endpoints/one/echo HTTP/1.1\r\nhost: a\r\n"
    b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n",
    "a proxy's word": b"CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused_after_what_was_not(running: Running, name: str) -> None:
    with running.line() as line:
        line.send(post(b"good", b"/endpoints/slow/echo") + MALFORMED[name] + post(b"never"))
        answers = line.all()
    assert [answer.status for answer in answers] == [200, 400]
    assert answers[1].headers["connection"] == "close"
    assert answers[1].json()["headline"] == "Not a request"


def test_another_version_is_refused(running: Running) -> None:
    with running.line() as line:
        line.send(b"GET / HTTP/2.0\r\nhost: a\r\n\r\n")
        assert [answer.status for answer in line.all()] == [505]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("many", [True, False])
def test_headers_that_are_too_long_are_refused(running: Running, whole: bool, many: bool) -> None:
    lines = b"x-a: 12345678901234567890\r\n" * 30_000 if many else b"x-a: " + b"1" * 900_000
    with running.line() as line:
        line.send(b"GET / HTTP/1.1\r\nhost: a\r\n" + lines + (b"\r\n\r\n" if whole else b""))
        answers = line.all()
    assert [answer.status for answer in answers] == [431]
    assert answers[0].json()["details"] == {"limit": 64 << 10}


def test_a_first_line_without_end_is_refused(running: Running) -> None:
    with running.line() as line:
        line.send(b"GET /" + b"a" * 900_000)
        assert [answer.status for answer in line.all()] == [431]


def test_a_body_that_is_too_long_is_drained_and_the_connection_kept(running: Running) -> None:
    with running.line() as line:
        line.send(post(b"x" * (11 << 20)), post(b"next"))
        refused, after = line.answers(2)
    assert refused.status == 413
    assert after.body == b"next"


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /endpoints/one/echo HTTP/1.1\r\nhost:",
        b"POST /endpoints/one/echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab",
    ],
    ids=["head", "body"],
)
def test_who_takes_too_long_is_told(hasty: Running, request_: bytes) -> None:
    with hasty.line() as line:
        line.send(post(b"first") + request_)
        answers = line.all()
    assert [answer.status for answer in answers] == [200, 408]
    assert "0.3 s" in answers[1].json()["why"]


def test_dripping_does_not_buy_time(hasty: Running) -> None:
    with hasty.line() as line:
        started = time.monotonic()
        line.send(b"POST /a HTTP/1.1\r\nx: ")
        with contextlib.suppress(OSError):
            while time.monotonic() < started + 5:
                line.send(b".")
                time.sleep(0.05)
        assert time.monotonic() - started < 4


def test_who_says_nothing_is_left(hasty: Running) -> None:
    with hasty.line() as line:
        assert line.all() == []
    with hasty.line() as line:
        line.send(post(b"only"))
        assert [answer.body for answer in line.all()] == [b"only"]


def test_who_does_not_read_is_left(hasty: Running, until: Callable[..., None]) -> None:
    assert hasty.plane is not None
    connections = hasty.plane.connections
    with hasty.line() as line:
        line.send(post(b"", b"/endpoints/large/echo"))
        until(lambda: connections, 5)
        until(lambda: not connections, 5)


def test_a_stop_answers_what_is_under_way_and_says_it_is_the_last(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    running = Running(tmp_path_factory.mktemp("stopping"))
    with running.line() as idle, running.line() as busy:
        idle.send(post(b"done"))
        assert idle.answers(1)[0].body == b"done"
        busy.send(post(b"in flight", b"/endpoints/slow/echo"))
        time.sleep(0.1)
        running.begin_stop()
        assert idle.all()[-1].body == b"done"
        answers = busy.all()
        assert [answer.body for answer in answers] == [b"in flight"]
        assert answers[0].headers["connection"] == "close"
    running.stop()


def test_who_asks_just_as_a_stop_begins_is_answered(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    running = Running(tmp_path_factory.mktemp("parting"))
    with running.line() as kept:
        kept.send(post(b"before"))
        assert kept.answers(1)[0].body == b"before"
        running.begin_stop()
        time.sleep(0.02)
        kept.send(post(b"once more"))
        last = kept.all()[-1]
        assert last.body == b"once more"
        assert last.headers["connection"] == "close"
    running.stop()
