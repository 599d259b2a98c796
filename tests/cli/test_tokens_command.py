"""`keepwell tokens`: made, listed without secrets, taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_token_is_shown_once(project: Path, keepwell: Callable[..., Any]) -> None:
    assert "keepwell tokens create" in keepwell("tokens", "-C", project).out
    words = ("--rate", 50, "--quota", 1000, "--expires", "90d", "--json", "-C", project)
    made = keepwell("tokens", "create", "web-shop", *words).document
    secret = made["token"].rpartition("_")[2]
    listed = keepwell("tokens", "list", "--json", "-C", project)
    (one,) = listed.document["tokens"]
    assert (one["name"], one["state"], one["rate"], one["quota"]) == ("web-shop", "good", 50, 1000)
    assert one["expires"] - one["created"] == 90 * 86400
    assert secret not in listed.out
    shown = keepwell("tokens", "-C", project).out
    assert "50 requests/s, 1,000 rows/day" in shown
    assert "serve: {tokens: required}" in shown


def test_a_plain_answer_is_the_token_alone(project: Path, keepwell: Callable[..., Any]) -> None:
    ended = keepwell("tokens", "create", "web-shop", "-C", project)
    assert ended.out.strip().startswith("kw_")
    assert len(ended.out.split()) == 1
    assert "cannot be shown again" in ended.err


def test_revoking_is_recorded_with_its_reason(project: Path, keepwell: Callable[..., Any]) -> None:
    keepwell("tokens", "create", "web-shop", "-C", project)
    ended = keepwell("tokens", "revoke", "web-shop", "--why", "leaked", "--json", "-C", project)
    assert ended.document["state"] == "revoked"
    events = keepwell("audit", "log", "--json", "-C", project).document["events"]
    assert (events[0]["verb"], events[0]["why"]) == ("revoked", "leaked")
    assert keepwell("tokens", "revoke", "web-shop", "-C", project).code == 1


def test_a_token_for_no_endpoint_is_refused(project: Path, keepwell: Callable[..., Any]) -> None:
    ended = keepwell("tokens", "create", "x", "--endpoint", "chrun", "-C", project)
    assert ended.code == 1
    assert "'chrun'" in ended.err
    assert keepwell("tokens", "create", "x", "--expires", "soon", "-C", project).code == 2
    assert keepwell("tokens", "create", "x", "--scope", "predikt", "-C", project).code == 2
