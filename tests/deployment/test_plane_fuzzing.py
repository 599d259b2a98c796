"""Whatever bytes come, split wherever: no crash, no wrong answer, no answer to somebody else's question."""

import asyncio
import itertools
import logging
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plane_world import answers_in, converse, make_application

from keepwell.deployment.server.plane import Plane

FUZZING = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Asked:
    """A request that is all right, and what is to come back."""

    raw: bytes
    status: int
    body: bytes | None


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    body = draw(st.binary(max_size=300))
    old = draw(st.booleans()) and draw(st.booleans())
    target, status = draw(
        st.sampled_from(
            [(b"/endpoints/one/echo", 200), (b"/endpoints/yield/echo", 200), (b"/elsewhere", 503)]
        )
    )
    lines = [b"POST %b HTTP/%b" % (target, b"1.0" if old else b"1.1"), b"Host: localhost"]
    if old:
        lines.append(b"Connection: keep-alive")
    lines += draw(st.lists(st.sampled_from([b"x-a: 1", b"Accept: */*", b"x-b:"]), max_size=3))
    if not old and draw(st.booleans()):
        lines.append(b"Expect: 100-continue")
    if not old and draw(st.booleans()):
        lines.append(b"Transfer-Encoding: chunked")
        sent, rest = b"", body
        while rest:
            size = draw(st.integers(1, len(rest)))
            sent, rest = sent + b"%x\r\n%b\r\n" % (size, rest[:size]), rest[size:]
        sent += b"0\r\n\r\n"
    else:
        lines.append(b"Content-Length: %d" % len(body))
        sent = body
    raw = b"\r\n".join([*lines, b"", sent])
    return Asked(raw=raw, status=status, body=body if status == 200 else None)


@st.composite
def pieces_of(draw: st.DrawFn, raw: bytes) -> list[bytes]:
    cuts = draw(st.lists(st.integers(0, len(raw)), max_size=12).map(sorted))
    edges = [0, *cuts, len(raw)]
    return [raw[a:b] for a, b in itertools.pairwise(edges) if b > a]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Plane:
    return Plane(make_application(tmp_path_factory.mktemp("fuzzing")))


@given(data=st.data(), asked=st.lists(requests(), min_size=1, max_size=6), together=st.booleans())
@FUZZING
def test_requests_are_answered_in_order_wherever_they_are_split(
    plane: Plane, data: st.DataObject, asked: list[Asked], together: bool
) -> None:
    pieces = data.draw(pieces_of(b"".join(one.raw for one in asked)))
    answers = answers_in(asyncio.run(converse(plane, pieces, together=together)))
    assert [answer.status for answer in answers] == [one.status for one in asked]
    for answer, one in zip(answers, asked, strict=True):
        assert one.body is None or answer.body == one.body
    assert not plane.connections


@given(
    data=st.data(),
    asked=st.lists(requests(), min_size=1, max_size=3),
    noise=st.one_of(
        st.binary(min_size=1, max_size=40), st.sampled_from([b"\r\n", b"0\r\n\r\n", b" HTTP/1.1"])
    ),
    replace=st.booleans(),
)
@FUZZING
def test_noise_breaks_nothing(
    plane: Plane,
    data: st.DataObject,
    asked: list[Asked],
    noise: bytes,
    replace: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    raw = b"".join(one.raw for one in asked)
    at = data.draw(st.integers(0, len(raw)))
    spoilt = raw[:at] + noise + raw[at + (len(noise) if replace else 0) :]
    with caplog.at_level(logging.ERROR):
        answers = answers_in(asyncio.run(converse(plane, data.draw(pieces_of(spoilt)))))
    assert caplog.records == []
    before = 0  # requests that ended before the noise
    while before < len(asked) and sum(len(one.raw) for one in asked[: before + 1]) <= at:
        before += 1
    statuses = [answer.status for answer in answers]
    assert statuses[:before] == [one.status for one in asked[:before]]
    assert set(statuses) <= {200, 400, 403, 404, 405, 408, 413, 417, 431, 503, 505}
    assert not plane.connections


@given(pieces=st.lists(st.binary(max_size=200), max_size=8))
@FUZZING
def test_bytes_of_any_kind_are_refused_at_most_once(plane: Plane, pieces: list[bytes]) -> None:
    answers = answers_in(asyncio.run(converse(plane, pieces)))
    assert [answer.status for answer in answers if answer.status < 500] in ([], [400])
