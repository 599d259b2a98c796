"""A pointer is input from anybody: what it may say, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import FormatError, InvalidDataError
from keepwell.data.pins.pointer import (
    Content,
    Pointer,
    complaint_of,
    folder_of,
    parse,
    read,
    render,
)

HERE = Path("photos.pin")
DIGEST = "ab" * 32

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
paths = (
    st.lists(names, min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda path: not complaint_of(path))
)
contents = st.builds(
    Content,
    path=paths,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    size=st.integers(0, 2**50),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(contents, min_size=1, max_size=5, unique_by=lambda item: item.path.split("/")[0]))
def test_what_is_written_is_read_back(items: list[Content]) -> None:
    pointer = folder_of(items)
    assert parse(render(pointer), HERE) == pointer
    assert folder_of(reversed(items)).sha256 == pointer.sha256


def test_a_pointer_of_a_file_is_a_few_lines_that_say_what_it_is() -> None:
    pointer = Pointer(kind="file", contents=(Content(sha256=DIGEST, size=1_000_000_000),))
    written = render(pointer)
    assert json.loads(written) == {
        "keepwell": "pin 1",
        "kind": "file",
        "sha256": DIGEST,
        "size": 1_000_000_000,
    }
    assert parse(written, HERE) == pointer


def test_a_folder_has_a_line_for_each_file() -> None:
    items = [Content(path=f"{at}.png", sha256=DIGEST, size=at) for at in range(3)]
    lines = render(folder_of(items)).decode().splitlines()
    assert [line.rstrip(",") for line in lines if line.startswith('{"path"')] == [
        f'{{"path": "{at}.png", "sha256": "{DIGEST}", "size": {at}}}' for at in range(3)
    ]


def _folder(**changes: Any) -> bytes:
    pointer = folder_of([Content(path="a.png", sha256=DIGEST, size=3)])
    return json.dumps({**json.loads(render(pointer)), **changes}).encode()


def _named(path: str) -> bytes:
    item = Content(path=path, sha256=DIGEST, size=3)
    return render(Pointer(kind="folder", contents=(item,)))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "truncated"),
        (b"\xff\xfe{}", "malformed|invalid"),
        (b"[]", "object"),
        (b'{"keepwell": "pin 1"}', "kind"),
        (_folder(keepwell="spin 1"), "not with 'pin 1'"),
        (_folder(kind="foldr"), "did you mean 'folder'"),
        (_folder(sha256="cd" * 32), "its list of files is not the one"),
        (_folder(size=4), "its list of files is not the one"),
        (_folder(size="4"), "int"),
        (_folder(kind="file", sha256="AB" * 32), "no SHA-256"),
        (_folder(kind="file", sha256=DIGEST[:-1]), "no SHA-256"),
        (_folder(kind="file", sha256="../" * 21 + "a"), "no SHA-256"),
        (_folder(kind="file", size=-1), "no file has -1 bytes"),
        (_named("../escaped"), "leads out of the folder"),
        (_named("a/../../escaped"), "leads out of the folder"),
        (_named("/etc/passwd"), "is absolute"),
        (_named("C:/windows"), "is absolute"),
        (_named("a\\..\\b"), "holds a backslash"),
        (_named("a\nb"), "control character"),
        (_named("a//b"), "an empty part"),
        (_named("./a"), "an empty part"),
        (_named(""), "an empty part"),
        (_named(".git/hooks/post-checkout"), "goes through .git"),
        (_named("x/.GIT /config"), "goes through .git"),
        (_named(".g\u200cit/config"), "goes through .git"),
        (_named("GIT~1/config"), "goes through git~1"),
        (_named(".keepwell/workspace.json"), "goes through .keepwell"),
        (
            render(folder_of(Content(path=name, sha256=DIGEST, size=1) for name in ("a", "a/b"))),
            "as a file and as a folder",
        ),
        (
            render(folder_of(Content(path="a", sha256=DIGEST, size=1) for _ in range(2))),
            "names 'a' twice",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(InvalidDataError, match=complaint) as refusal:
        parse(data, HERE)
    assert "photos.pin" in refusal.value.what
    assert refusal.value.now


def test_a_newer_format_asks_for_a_newer_keepwell() -> None:
    with pytest.raises(FormatError, match="pip install --upgrade keepwell"):
        parse(_folder(keepwell="pin 2"), HERE)


def test_a_merge_that_was_not_finished_is_told(tmp_path: Path) -> None:
    path = tmp_path / "photos.pin"
    path.write_bytes(_folder().replace(b'"kind"', b'\n<<<<<<< HEAD\n"kind"'))
    with pytest.raises(InvalidDataError, match="a merge that was not finished"):
        read(path)
