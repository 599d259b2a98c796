"""Issue trackers: a message as an issue of GitHub, GitLab or Jira, opened once whatever happens in between.

The issue bears a mark made from the message. Before one is opened, an issue with that mark is looked for:
a message that is sent again after a crash finds its own. Later news of the same alert become comments.
"""

import base64
import hashlib
import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from keepwell.core.records import Delivery
from keepwell.operations.alerts.channels.base import TIMEOUT, UndeliveredError

_GOOD = range(200, 300)
_SHOWN = 200
_MOST = 4 << 20  # bytes of an answer that is read
LABEL = "keepwell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue that is there: what people call it, and where comments go."""

    name: str
    comments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one kind of tracker is talked to.

    Attributes:
        headers: From the secret.
        search: From the tracker's address and a mark, the address that finds issues with it.
        found: From that address's answer and the mark, the issue.
        opened: From address, message and mark: where to post which document.
        name: From the answer, what the issue is called.
        comment: A comment's document.
    """

    headers: Callable[[str], dict[str, str]]
    search: Callable[[str, str], str]
    found: Callable[[str, Any, str], Issue | None]
    opened: Callable[[str, Delivery, str], tuple[str, dict[str, Any]]]
    name: Callable[[Any], str]
    comment: Callable[[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Opens issues at an address."""

    kind: str
    url: str
    secret: str = ""

    def send(self, message: Delivery) -> str:
        """Open the message's issue, or comment on it where it is open already."""
        form, mark = TRACKERS[self.kind], mark_of(message)
        known = self._known(form, mark)
        if known is None:
            url, document = form.opened(self.url, message, mark)
            answer = self._asked("POST", url, document)
            return f"opened {form.name(answer)}"
        if message.kind in ("issue", "firing", "test"):
            return f"{known.name} is open already"
        self._asked("POST", known.comments, form.comment(known.comments, _text(message, "")))
        return f"commented on {known.name}"

    def _known(self, form: Form, mark: str) -> Issue | None:
        try:
            answer = self._asked("GET", form.search(self.url, mark))
        except UndeliveredError:
            return None  # who may not search may still open issues
        return form.found(self.url, answer, mark)

    def _asked(self, method: str, url: str, document: Mapping[str, Any] | None = None) -> Any:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise UndeliveredError("a tracker's address begins with http:// or https://")
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        connection = kinds[address.scheme](address.hostname, address.port, timeout=TIMEOUT)
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        headers = {
            "content-type": "application/json",
            "user-agent": "keepwell",
            **(TRACKERS[self.kind].headers(self.secret) if self.secret else {}),
        }
        body = None if document is None else json.dumps(document).encode()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            raise UndeliveredError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()
        if answer.status not in _GOOD:
            text = " ".join(said[:_SHOWN].decode("utf-8", "replace").split())
            raise UndeliveredError(f"it answered {answer.status}: {text}")
        try:
            return json.loads(said) if said else {}
        except ValueError:
            return {}


def mark_of(message: Delivery) -> str:
    """Return what marks the issue of a message: the same for all news of one alert.

    >>> mark_of(Delivery(id="a/1/x", alert="a", channel="x", kind="firing", title="", body="",
    ...                  severity="", created=0.0, due=0.0))
    'keepwell-86f7e437faa5'
    """
    about = message.alert or message.id
    return f"keepwell-{hashlib.sha1(about.encode(), usedforsecurity=False).hexdigest()[:12]}"


def _text(message: Delivery, mark: str) -> str:
    return "\n\n".join(filter(None, (message.body, message.link, f"({mark})" if mark else "")))


def _bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}", "accept": "application/vnd.github+json"}


def _github_found(url: str, answer: Any, mark: str) -> Issue | None:
    for one in answer if isinstance(answer, list) else ():
        if mark in str(one.get("body") or ""):
            return Issue(
                name=f"#{one['number']}", comments=f"{_plain(url)}/{one['number']}/comments"
            )
    return None


def _gitlab_found(url: str, answer: Any, mark: str) -> Issue | None:
    for one in answer if isinstance(answer, list) else ():
        if mark in str(one.get("description") or ""):
            return Issue(name=f"#{one['iid']}", comments=f"{_plain(url)}/{one['iid']}/notes")
    return None


def _plain(url: str) -> str:
    return url.partition("?")[0].rstrip("/")


def _jira_headers(secret: str) -> dict[str, str]:
    """Return the headers for `e-mail:token` (cloud) or a token alone (data center)."""
    if ":" not in secret:
        return {"authorization": f"Bearer {secret}"}
    return {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}


def _jira_search(url: str, mark: str) -> str:
    base = _plain(url).removesuffix("/issue")
    search = f"{base}/search/jql" if base.endswith("/3") else f"{base}/search"
    return f"{search}?jql={quote(f'labels = {mark}')}&fields=key&maxResults=1"


def _jira_found(url: str, answer: Any, mark: str) -> Issue | None:
    issues = answer.get("issues", ()) if isinstance(answer, dict) else ()
    key = issues[0].get("key") if issues else None
    return Issue(name=key, comments=f"{_plain(url)}/{key}/comment") if key else None


def _jira_opened(url: str, message: Delivery, mark: str) -> tuple[str, dict[str, Any]]:
    """Return the document for the project and type of issue that the address names."""
    asked = parse_qs(urlsplit(url).query)
    fields = {
        "project": {"key": asked.get("project", [""])[0]},
        "issuetype": {"name": asked.get("type", ["Task"])[0]},
        "summary": " ".join(message.title.split())[:250],
        "description": _jira_text(url, _text(message, mark)),
        "labels": [LABEL, mark],
    }
    return _plain(url), {"fields": fields}


def _jira_text(url: str, text: str) -> Any:
    if "/rest/api/3/" not in url:
        return text
    lines = [line for line in text.splitlines() if line]
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


TRACKERS: Mapping[str, Form] = {
    "github": Form(
        headers=_bearer,
        search=lambda url, mark: f"{_plain(url)}?state=open&labels={LABEL}&per_page=100",
        found=_github_found,
        opened=lambda url, message, mark: (
            _plain(url),
            {"title": message.title, "body": _text(message, mark), "labels": [LABEL]},
        ),
        name=lambda answer: f"#{answer.get('number', '?')}",
        comment=lambda url, text: {"body": text},
    ),
    "gitlab": Form(
        headers=lambda secret: {"private-token": secret},
        search=lambda url, mark: f"{_plain(url)}?state=opened&in=description&search={mark}",
        found=_gitlab_found,
        opened=lambda url, message, mark: (
            _plain(url),
            {"title": message.title, "description": _text(message, mark), "labels": LABEL},
        ),
        name=lambda answer: f"#{answer.get('iid', '?')}",
        comment=lambda url, text: {"body": text},
    ),
    "jira": Form(
        headers=_jira_headers,
        search=_jira_search,
        found=_jira_found,
        opened=_jira_opened,
        name=lambda answer: str(answer.get("key", "?")),
        comment=lambda url, text: {"body": _jira_text(url, text)},
    ),
}
"""By the word that a channel takes."""
